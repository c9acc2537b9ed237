import type { FaultLevel } from "./faults.ts";
import type { RunResult } from "./run.ts";

/** Which seeds, and what each run is like. */
export interface SeedRange {
  from: number;
  to: number;
  hours: number;
  faults: FaultLevel;
}

/** What many runs came to. Numbers only, so that it crosses from one thread to another. */
export interface Totals {
  runs: number;
  virtualMs: number;
  inputs: number;
  presses: number;
  accepted: number;
  delivered: number;
  late: number;
  inOutbox: number;
  dropped: number;
  lostWithThePower: number;
  forgotten: number;
  clips: number;
  clipsDropped: number;
  powerCuts: number;
  violations: number;
}

export function noRuns(): Totals {
  return {
    runs: 0,
    virtualMs: 0,
    inputs: 0,
    presses: 0,
    accepted: 0,
    delivered: 0,
    late: 0,
    inOutbox: 0,
    dropped: 0,
    lostWithThePower: 0,
    forgotten: 0,
    clips: 0,
    clipsDropped: 0,
    powerCuts: 0,
    violations: 0,
  };
}

/** Adds what `more` came to. */
export function add(totals: Totals, more: Totals): void {
  for (const key of Object.keys(totals) as (keyof Totals)[]) totals[key] += more[key];
}

export function totalsOf(run: RunResult): Totals {
  return { ...run, runs: 1, violations: run.violations.length };
}

/** The one command that shows a run again. */
export function commandFor(seed: number, { hours, faults }: Omit<SeedRange, "from" | "to">): string {
  return `porchlight-sim world --seed ${seed} --hours ${hours} --faults ${faults}`;
}

/** What was wrong with a run, for a person: each violation with its seed, and how to see it again. Empty when all was well. */
export function violationLines(run: RunResult, range: Omit<SeedRange, "from" | "to">): string[] {
  if (run.violations.length === 0) return [];
  const found = run.violations.map(({ checker, detail }) => `seed ${run.seed}: ${checker}: ${detail}`);
  return [...found, `  again: ${commandFor(run.seed, range)}`];
}

/** One run for a person. */
export function runLines(run: RunResult, range: Omit<SeedRange, "from" | "to">): string[] {
  const counts = Object.entries(run.faults.counts).map(([kind, count]) => `${kind} ${count}`);
  const settled =
    run.settledAfterMs === null ? "never settled" : `settled ${run.settledAfterMs} ms after the last fault`;
  return [
    `seed ${run.seed}, ${run.virtualMs} virtual ms, ${run.inputs} inputs, fingerprint ${run.hash}`,
    `  ${run.presses} presses rang: ${run.accepted} accepted, ${run.delivered} delivered (${run.late} late), ` +
      `${run.inOutbox} in the outbox, ${run.lostWithThePower} lost with the power, ${run.forgotten} lost by the broker`,
    `  ${run.dropped} events dropped and declared, ${run.clips} clips, ${run.clipsDropped} given up, ${run.powerCuts} power cuts; ${settled}`,
    `  link ${JSON.stringify(run.faults.link)}; faults: ${counts.join(", ") || "none"}`,
    ...violationLines(run, range),
  ];
}
