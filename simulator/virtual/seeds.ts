import { add, noRuns, type SeedRange, type Totals, totalsOf, violationLines } from "./report.ts";
import { runWorld } from "./run.ts";

/** Runs each seed of the range, one after the other; `say` gets a line for each violation. */
export function runSeeds(range: SeedRange, say: (line: string) => void): Totals {
  const totals = noRuns();
  for (let seed = range.from; seed <= range.to; seed += 1) {
    const run = runWorld({ seed, hours: range.hours, faults: range.faults });
    add(totals, totalsOf(run));
    for (const line of violationLines(run, range)) say(line);
  }
  return totals;
}
