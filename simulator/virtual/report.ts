import type { Violation } from "../checkers/evidence.ts";
import { FAULT_KINDS } from "./faults.ts";
import type { Progress } from "./many.ts";
import type { RunResult } from "./run.ts";
import type { JobResult, WorldOptions } from "./work.ts";

const HOUR_MS = 3_600_000;
const BAR_CHARACTERS = 30;

/** The one command that shows a run again. */
export function commandFor(seed: number, { hours, faults, doorbells }: WorldOptions): string {
  const many = doorbells === 1 ? "" : ` --doorbells ${doorbells}`;
  return `porchlight-sim world --seed ${seed} --hours ${hours}${many} --faults ${faults}`;
}

/** What was wrong, for a person: each violation with its seed, and how to see that seed again. */
export function violationLines(
  violations: readonly (Violation & { seed: number })[],
  options: WorldOptions,
): string[] {
  return violations.flatMap(({ seed, checker, detail }, at) => {
    const line = `seed ${seed}: ${checker}: ${detail}`;
    const isLast = violations[at + 1]?.seed !== seed;
    if (!isLast) return [line];
    const again = commandFor(seed, options);
    return [line, `  again: ${again}`, `  cut it down: ${again.replace(" world ", " shrink story.yaml ")}`];
  });
}

/** What a person wants to know of all of them. */
export function totalLines({ totals, fewest, runs }: JobResult): string[] {
  const struck = Object.entries(totals.struck).sort((a, b) => a[1] - b[1]);
  const silent = FAULT_KINDS.filter((kind) => !totals.struck[kind]);
  return [
    `${totals.presses} presses rang: ${totals.accepted} accepted, ${totals.delivered} delivered (${totals.late} late), ` +
      `${totals.inOutbox} in an outbox, ${totals.lostWithThePower} lost with the power, ${totals.forgotten} lost by a broker`,
    `${totals.events} events, ${totals.dropped} dropped and declared; ${totals.clips} clips, ${totals.clipsDropped} given up; ` +
      `${totals.powerCuts} power cuts`,
    ...(runs > 1
      ? [`in each run at least ${fewest.presses} presses and ${fewest.kinds} kinds of fault`]
      : []),
    `struck: ${struck.map(([kind, count]) => `${kind} ${count}`).join(", ") || "nothing"}`,
    ...(runs > 1 ? [`never struck: ${silent.join(", ") || "none"}`] : []),
  ];
}

/** What one run was made of, for a person. */
export function storyLines({ story }: RunResult): string[] {
  const faults = story.doorbells.map(({ faults }) => faults);
  const counts: Record<string, number> = {};
  for (const { mishaps } of story.doorbells) {
    for (const { kind } of mishaps) counts[kind] = (counts[kind] ?? 0) + 1;
  }
  const kinds = Object.entries(counts).map(([kind, count]) => `${kind} ${count}`);
  const [{ counts: _, ...traits } = { counts: {} }] = faults;
  return [
    `faults: ${kinds.join(", ") || "none"}`,
    ...(faults.length === 1 ? [`traits: ${JSON.stringify(traits)}`] : []),
  ];
}

/** One JSON object, as `--json` has it in its last line. */
export function resultJson(
  { hash, virtualMs, totals, violations, runs }: JobResult,
  which: { seed: number } | { seeds: string },
  wallMs: number,
): string {
  const { doorbells, inputs, events, presses, delivered, late } = totals;
  return JSON.stringify({
    ...which,
    hash,
    virtualHours: Math.round((virtualMs / HOUR_MS) * 1_000) / 1_000,
    doorbells,
    inputs,
    events,
    presses,
    delivered,
    late,
    violations,
    wallMs: Math.round(wallMs),
    ...("seeds" in which ? { runs } : {}),
  });
}

/** `[#####     ] 40 %, 12 s left, 0 violations`. */
export function progressLine({ done, of, violations, leftMs }: Progress): string {
  const share = of === 0 ? 1 : done / of;
  const bar = "#".repeat(Math.round(share * BAR_CHARACTERS)).padEnd(BAR_CHARACTERS);
  return `[${bar}] ${Math.floor(share * 100)} %, ${timeLeft(leftMs)} left, ${violations} violations`;
}

function timeLeft(ms: number): string {
  const s = Math.ceil(ms / 1_000);
  return s < 100 ? `${s} s` : `${Math.ceil(s / 60)} min`;
}
