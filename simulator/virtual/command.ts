import { UsageError } from "../../agent/contract/errors.ts";
import type { FaultLevel } from "./faults.ts";
import { DOORBELLS_A_SHARD, type Progress, playSeeds, playTown } from "./many.ts";
import { progressLine, resultJson, storyLines, totalLines, violationLines } from "./report.ts";
import { runWorld } from "./run.ts";
import { type JobResult, resultOf, type WorldOptions } from "./work.ts";

/** As the command line gives them. */
export interface WorldFlags {
  seed?: string;
  seeds?: string;
  hours: string;
  doorbells: string;
  faults: string;
  trace?: true;
  json?: true;
}

/** Where a command writes. */
export interface Output {
  print: (line: string) => void;
  /** Shows how far it is, over what it showed before; null where nobody looks. */
  progress: ((line: string) => void) | null;
}

const LEVELS: readonly FaultLevel[] = ["none", "mild", "harsh"];
const MOST_SEED = 2_147_483_647;
const MOST_DOORBELLS = 100_000;

/**
 * `porchlight-sim world`: one seed in detail, a town, or many seeds. Answers the exit code: 1 when something was
 * violated.
 * @throws UsageError when a flag makes no sense.
 */
export async function world(flags: WorldFlags, output: Output): Promise<0 | 1> {
  const options = worldOptions(flags);
  const range = rangeOf(flags);
  if (flags.trace && (flags.seeds !== undefined || options.doorbells > DOORBELLS_A_SHARD)) {
    throw new UsageError(`--trace shows one world: one --seed, and at most ${DOORBELLS_A_SHARD} doorbells`);
  }
  const startedAtMs = performance.now();
  const progress = (at: Progress) => output.progress?.(progressLine(at));
  const which = flags.seeds === undefined ? { seed: range.from } : { seeds: flags.seeds };
  let result: JobResult;
  if (flags.seeds !== undefined) result = await playSeeds(range, options, progress);
  else if (options.doorbells > DOORBELLS_A_SHARD) result = await playTown(range.from, options, progress);
  else result = oneWorld(range.from, options, flags, output);
  if (flags.json) output.print(resultJson(result, which, performance.now() - startedAtMs));
  else tell(result, which, options, output, performance.now() - startedAtMs);
  return result.violations.length === 0 ? 0 : 1;
}

function oneWorld(seed: number, options: WorldOptions, flags: WorldFlags, { print }: Output): JobResult {
  const run = runWorld({ seed, ...options, ...(flags.trace ? { trace: print } : {}) });
  if (flags.json) print(JSON.stringify({ drawn: run.story.doorbells.map(({ faults }) => faults) }));
  else for (const line of storyLines(run)) print(line);
  return resultOf(run);
}

function tell(
  result: JobResult,
  which: { seed: number } | { seeds: string },
  options: WorldOptions,
  { print }: Output,
  wallMs: number,
): void {
  const name = "seed" in which ? `seed ${which.seed}` : `seeds ${which.seeds}`;
  const hours = Math.round(result.virtualMs / 36_000) / 100;
  print(
    `${name}: ${result.totals.doorbells} doorbells, ${hours} virtual hours, ${result.totals.inputs} inputs ` +
      `in ${(wallMs / 1_000).toFixed(1)} s`,
  );
  for (const line of totalLines(result)) print(line);
  for (const line of violationLines(result.violations, options)) print(line);
  print(`fingerprint ${result.hash}`);
  print(result.violations.length === 0 ? "no violation" : `${result.violations.length} violations`);
}

/** What worlds are to be like. @throws UsageError */
export function worldOptions(flags: Pick<WorldFlags, "hours" | "doorbells" | "faults">): WorldOptions {
  const faults = LEVELS.find((level) => level === flags.faults);
  if (!faults) throw new UsageError(`--faults is one of ${LEVELS.join(", ")}, not ${flags.faults}`);
  const hours = Number(flags.hours);
  if (flags.hours.trim() === "" || !(hours >= 0.1 && hours <= 240)) {
    throw new UsageError(`--hours is a number from 0.1 to 240, not ${flags.hours}`);
  }
  const doorbells = Number(flags.doorbells);
  if (!Number.isInteger(doorbells) || doorbells < 1 || doorbells > MOST_DOORBELLS) {
    throw new UsageError(`--doorbells is a whole number from 1 to ${MOST_DOORBELLS}, not ${flags.doorbells}`);
  }
  return { hours, faults, doorbells };
}

function rangeOf({ seed, seeds }: WorldFlags): { from: number; to: number } {
  if (seed !== undefined && seeds !== undefined) throw new UsageError("--seed or --seeds, not both");
  if (seeds === undefined) {
    const one = oneSeed({ ...(seed === undefined ? {} : { seed }) });
    return { from: one, to: one };
  }
  const [first = "", last = "", ...more] = seeds.split("..");
  const [from, to] = [seedOf(first), seedOf(last)];
  if (from === null || to === null || more.length > 0) {
    throw new UsageError(`--seeds is two whole numbers as in 1..1000, not ${seeds}`);
  }
  if (to < from) throw new UsageError(`--seeds goes from the lower to the higher one: ${to}..${from}`);
  return { from, to };
}

/** @throws UsageError */
export function oneSeed({ seed }: Pick<WorldFlags, "seed">): number {
  const one = seedOf(seed ?? "1");
  if (one === null) throw new UsageError(`--seed is a whole number from 0 to ${MOST_SEED}, not ${seed}`);
  return one;
}

function seedOf(text: string): number | null {
  const seed = /^[0-9]{1,10}$/.test(text) ? Number(text) : Number.NaN;
  return seed <= MOST_SEED ? seed : null;
}
