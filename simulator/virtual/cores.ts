import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import type { Job, JobResult } from "./work.ts";

/** What a world makes lives for a moment or until its end: with more room the former is never copied. */
const YOUNG_MB = 16;

/**
 * Does the jobs on all cores, in their order, each on the first core that is free. `done` gets each result with its
 * job's place in the list, as they come. To be run from the compiled JavaScript.
 * @throws Error when a core's thread ends: our bug, or no memory.
 */
export async function onAllCores(
  jobs: readonly Job[],
  done: (result: JobResult, at: number) => void,
): Promise<void> {
  let next = 0;
  const core = async () => {
    const thread = new Worker(new URL("./worlds-worker.js", import.meta.url), {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB },
    });
    try {
      while (next < jobs.length) {
        const at = next;
        next += 1;
        done(await result(thread, jobs[at] as Job), at);
      }
    } finally {
      await thread.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(availableParallelism(), jobs.length) }, core));
}

function result(thread: Worker, job: Job): Promise<JobResult> {
  return new Promise((resolve, reject) => {
    const ended = (code: number) =>
      reject(new Error(`the thread of ${JSON.stringify(job)} ended with ${code}`));
    thread.once("exit", ended);
    thread.once("error", reject);
    thread.once("message", (answer: JobResult) => {
      thread.off("exit", ended);
      thread.off("error", reject);
      resolve(answer);
    });
    thread.postMessage(job);
  });
}
