import type { Action } from "../../agent/core/actions.ts";

/** A value that differs, by its path, such as `message.payload.text`; undefined on the side where there is none. */
export interface Change {
  path: string;
  before: unknown;
  after: unknown;
}

/** An action of both lists, of one of them, or of both with other values. */
export type ActionDifference =
  | { kind: "same"; action: Action }
  | { kind: "only-recorded"; action: Action }
  | { kind: "only-here"; action: Action }
  | { kind: "changed"; type: Action["type"]; changes: Change[] };

/** What differs between two lists of actions, in their order. */
export function actionDifferences(recorded: readonly Action[], here: readonly Action[]): ActionDifference[] {
  const differences: ActionDifference[] = [];
  let onlyRecorded: Action[] = [];
  let onlyHere: Action[] = [];
  const flush = () => {
    differences.push(...paired(onlyRecorded, onlyHere));
    onlyRecorded = [];
    onlyHere = [];
  };
  const common = commonOf(
    recorded.map((action) => JSON.stringify(action)),
    here.map((action) => JSON.stringify(action)),
  );
  let [from, to] = [0, 0];
  for (const [inRecorded, inHere] of [...common, [recorded.length, here.length] as const]) {
    onlyRecorded.push(...recorded.slice(from, inRecorded));
    onlyHere.push(...here.slice(to, inHere));
    flush();
    const action = recorded[inRecorded];
    if (action) differences.push({ kind: "same", action });
    from = inRecorded + 1;
    to = inHere + 1;
  }
  return differences;
}

/** What differs between two values, leaf by leaf; JSON in a text is looked into. */
export function changesOf(before: unknown, after: unknown, path = ""): Change[] {
  if (Object.is(before, after)) return [];
  const [left, right] = [opened(before), opened(after)];
  if (left === null || right === null || Array.isArray(left) !== Array.isArray(right))
    return [{ path, before, after }];
  const names = new Set([...Object.keys(left), ...Object.keys(right)]);
  const changes = [...names].flatMap((name) =>
    changesOf(left[name], right[name], path === "" ? name : `${path}.${name}`),
  );
  const areTexts = typeof before === "string" || typeof after === "string";
  // The same JSON in another spelling, or once as a text.
  return changes.length === 0 && areTexts ? [{ path, before, after }] : changes;
}

/** Those of one type next to each other are one action with other values. */
function paired(onlyRecorded: readonly Action[], onlyHere: readonly Action[]): ActionDifference[] {
  const rest = [...onlyHere];
  const differences = onlyRecorded.map((action): ActionDifference => {
    const index = rest.findIndex(({ type }) => type === action.type);
    const [other] = index < 0 ? [] : rest.splice(index, 1);
    if (!other) return { kind: "only-recorded", action };
    return { kind: "changed", type: action.type, changes: changesOf(action, other) };
  });
  return [...differences, ...rest.map((action): ActionDifference => ({ kind: "only-here", action }))];
}

/** More pairs than this are not compared one with another. */
const MOST_PAIRS = 4_000_000;

/** Indexes of a longest common subsequence. */
function commonOf(a: readonly string[], b: readonly string[]): [number, number][] {
  if (a.length * b.length > MOST_PAIRS) return [];
  const width = b.length + 1;
  const lengths = new Uint32Array((a.length + 1) * width);
  const at = (i: number, j: number) => lengths[i * width + j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      lengths[i * width + j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
    }
  }
  const common: [number, number][] = [];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) common.push([i++, j++]);
    else if (at(i + 1, j) >= at(i, j + 1)) i++;
    else j++;
  }
  return common;
}

function opened(value: unknown): Record<string, unknown> | null {
  if (typeof value === "object") return value as Record<string, unknown> | null;
  if (typeof value !== "string" || !value.startsWith("{")) return null;
  try {
    return JSON.parse(value);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
