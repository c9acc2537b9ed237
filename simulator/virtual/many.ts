import { onAllCores } from "./cores.ts";
import { addResult, combine, type Job, type JobResult, noResult, type WorldOptions } from "./work.ts";

/** Small enough that no core waits long for another at the end. */
const SEEDS_A_JOB = 20;
/** Doorbells that share one world, and so one broker: what a town is cut into, on any number of cores. */
export const DOORBELLS_A_SHARD = 25;

/** How far it has come; `left` is an estimate in milliseconds. */
export interface Progress {
  done: number;
  of: number;
  violations: number;
  leftMs: number;
}

/**
 * Plays the worlds of the seeds `from`…`to` on all cores. Each is the same as it would be alone.
 * `progress` is told after each piece of the work.
 */
export function playSeeds(
  { from, to }: { from: number; to: number },
  options: WorldOptions,
  progress: (progress: Progress) => void,
): Promise<JobResult> {
  const jobs: Job[] = [];
  for (let seed = from; seed <= to; seed += SEEDS_A_JOB) {
    jobs.push({ kind: "seeds", from: seed, to: Math.min(to, seed + SEEDS_A_JOB - 1), options });
  }
  return doAll(jobs, progress, { atOneTime: false });
}

/**
 * Plays a town on all cores, cut into worlds of `DOORBELLS_A_SHARD` doorbells. Its hash is made of theirs, and is the
 * same on any number of cores.
 */
export async function playTown(
  seed: number,
  options: WorldOptions,
  progress: (progress: Progress) => void,
): Promise<JobResult> {
  const jobs: Job[] = [];
  for (let from = 0; from < options.doorbells; from += DOORBELLS_A_SHARD) {
    const to = Math.min(options.doorbells, from + DOORBELLS_A_SHARD);
    jobs.push({ kind: "shard", seed, shard: jobs.length, from, to, options });
  }
  return doAll(jobs, progress, { atOneTime: true });
}

/** `atOneTime`: all of them live through the same virtual hours. */
async function doAll(
  jobs: readonly Job[],
  progress: (progress: Progress) => void,
  options: { atOneTime: boolean },
): Promise<JobResult> {
  const sum = noResult();
  const hashes: string[] = [];
  const startedAtMs = performance.now();
  let done = 0;
  let longestMs = 0;
  await onAllCores(jobs, (result, at) => {
    done += 1;
    hashes[at] = result.hash;
    longestMs = Math.max(longestMs, result.virtualMs);
    addResult(sum, result);
    const leftMs = ((performance.now() - startedAtMs) / done) * (jobs.length - done);
    progress({ done, of: jobs.length, violations: sum.violations.length, leftMs });
  });
  sum.violations.sort((a, b) => a.seed - b.seed);
  sum.hash = combine(hashes);
  if (options.atOneTime) sum.virtualMs = longestMs;
  return sum;
}
