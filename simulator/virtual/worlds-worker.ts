import { parentPort } from "node:worker_threads";
import { type Job, work } from "./work.ts";

/** One core's share of worlds: does each job that it is sent, and answers with what it came to. */
parentPort?.on("message", (job: Job) => parentPort?.postMessage(work(job)));
