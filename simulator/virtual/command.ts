import { UsageError } from "../../agent/contract/errors.ts";
import type { FaultLevel } from "./faults.ts";
import { runManySeeds } from "./many-seeds.ts";
import { runLines, type SeedRange } from "./report.ts";
import { runWorld } from "./run.ts";

/** As the command line gives them. */
export interface WorldFlags {
  seed?: string;
  seeds?: string;
  hours: string;
  faults: string;
  trace?: true;
  json?: true;
}

const LEVELS: readonly FaultLevel[] = ["none", "mild", "harsh"];

/**
 * `porchlight-sim world`: one seed in detail, or many of them. Answers the exit code: 1 when something was violated.
 * @throws UsageError when a flag makes no sense.
 */
export async function world(flags: WorldFlags, print: (line: string) => void): Promise<number> {
  const range = rangeOf(flags);
  if (flags.seeds !== undefined) {
    const totals = await runManySeeds(range, print, () => undefined);
    print(JSON.stringify(totals));
    return totals.violations === 0 ? 0 : 1;
  }
  const { from: seed, hours, faults } = range;
  const run = runWorld({ seed, hours, faults, ...(flags.trace ? { trace: print } : {}) });
  if (flags.json) print(JSON.stringify(run));
  else for (const line of runLines(run, range)) print(line);
  return run.violations.length === 0 ? 0 : 1;
}

function rangeOf(flags: WorldFlags): SeedRange {
  const faults = LEVELS.find((level) => level === flags.faults);
  if (!faults) throw new UsageError(`--faults is one of ${LEVELS.join(", ")}, not ${flags.faults}`);
  const hours = Number(flags.hours);
  if (!(hours >= 0.1 && hours <= 240)) {
    throw new UsageError(`--hours is a number from 0.1 to 240, not ${flags.hours}`);
  }
  const [, from, to] = /^([0-9]{1,9})(?:\.\.([0-9]{1,9}))?$/.exec(flags.seeds ?? flags.seed ?? "1") ?? [];
  const range = { from: Number(from), to: Number(to ?? from), hours, faults };
  if (from === undefined || range.to < range.from || (flags.seed !== undefined && to !== undefined)) {
    throw new UsageError("--seed is one whole number, --seeds is two of them as in 1..1000");
  }
  return range;
}
