import { parentPort, workerData } from "node:worker_threads";
import type { SeedRange, Totals } from "./report.ts";
import { runSeeds } from "./seeds.ts";

/** What a worker sends: lines as they come, and totals at the end of its share. */
export type WorkerWord = { line: string } | { totals: Totals };

const post = (word: WorkerWord) => parentPort?.postMessage(word);
post({ totals: runSeeds(workerData as SeedRange, (line) => post({ line })) });
