/**
 * The known name that somebody who wrote `name` most likely meant, or null when none is near: it has the same last
 * part (`holdMs` for `button.holdMs`), or at most two letters differ (and at most a third of them).
 */
export function nearest(name: string, known: readonly string[]): string | null {
  const wanted = name.slice(0, LONGEST).toLowerCase();
  const samePart = known.find((candidate) => lastPart(candidate).toLowerCase() === lastPart(wanted));
  let best: string | null = null;
  let fewest = Math.min(2, Math.floor(lastPart(wanted).length / 3)) + 1;
  for (const candidate of known) {
    const edits = editDistance(wanted, candidate.toLowerCase());
    if (edits < fewest) [best, fewest] = [candidate, edits];
  }
  return best ?? samePart ?? null;
}

const LONGEST = 64;

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf(".") + 1);
}

/** Levenshtein's distance: letters to insert, remove or replace. */
function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (const [row, letter] of [...a].entries()) {
    const line = [row + 1];
    for (const [column, other] of [...b].entries()) {
      const replaced = (above[column] ?? 0) + (letter === other ? 0 : 1);
      line.push(Math.min(replaced, (above[column + 1] ?? 0) + 1, (line[column] ?? 0) + 1));
    }
    above = line;
  }
  return above.at(-1) ?? 0;
}
