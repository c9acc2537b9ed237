import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { add, noRuns, type SeedRange, type Totals } from "./report.ts";
import type { WorkerWord } from "./seeds-worker.ts";

/** Small enough that no core waits long for another at the end. */
const SHARE = 100;

/**
 * Runs the seeds of the range on all cores. Each run is the same as it would be alone; only the order of lines
 * differs. `progress` gets the totals so far. To be run from the compiled JavaScript.
 */
export async function runManySeeds(
  range: SeedRange,
  say: (line: string) => void,
  progress: (totals: Readonly<Totals>) => void,
): Promise<Totals> {
  const totals = noRuns();
  let next = range.from;
  const core = async () => {
    while (next <= range.to) {
      const from = next;
      next += SHARE;
      add(totals, await runShare({ ...range, from, to: Math.min(range.to, next - 1) }, say));
      progress(totals);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, core));
  return totals;
}

function runShare(share: SeedRange, say: (line: string) => void): Promise<Totals> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./seeds-worker.js", import.meta.url), { workerData: share });
    worker.on("error", reject);
    worker.on("exit", (code) =>
      reject(new Error(`the worker of seeds ${share.from}…${share.to} ended with ${code}`)),
    );
    worker.on("message", (word: WorkerWord) => {
      if ("line" in word) say(word.line);
      else resolve(word.totals);
    });
  });
}
