import { hash } from "node:crypto";
import type { Violation } from "../checkers/evidence.ts";
import type { FaultLevel } from "./faults.ts";
import { playStory, type RunResult } from "./run.ts";
import { drawStory } from "./story.ts";
import { add, nothingYet, type Totals } from "./totals.ts";

/** What every run of a command is like. */
export interface WorldOptions {
  hours: number;
  faults: FaultLevel;
  doorbells: number;
}

/** One piece of work for one core: each is the same on any of them. */
export type Job =
  /** Whole worlds, one after the other. */
  | { kind: "seeds"; from: number; to: number; options: WorldOptions }
  /** The doorbells `from`…`to - 1` of a town. */
  | { kind: "shard"; seed: number; shard: number; from: number; to: number; options: WorldOptions };

/** What a job came to. Plain data, so that it crosses from one thread to another. */
export interface JobResult {
  runs: number;
  virtualMs: number;
  totals: Totals;
  violations: (Violation & { seed: number })[];
  /** The least of any run: presses that rang, and kinds of fault that struck. */
  fewest: { presses: number; kinds: number };
  /** Of the run, or made of those of all runs. */
  hash: string;
}

/** Before anything was done. */
export function noResult(): JobResult {
  return { runs: 0, virtualMs: 0, totals: nothingYet(), violations: [], fewest: { ...ANY }, hash: "" };
}

const ANY = { presses: Number.MAX_SAFE_INTEGER, kinds: Number.MAX_SAFE_INTEGER };

/** One hash of several, in their order; of one, that one. */
export function combine(hashes: readonly string[]): string {
  const [first = "", ...more] = hashes.filter((one) => one !== "");
  return more.length === 0 ? first : hash("sha256", [first, ...more].join("\n"));
}

/** Does a job. Deterministic. */
export function work(job: Job): JobResult {
  const result = noResult();
  if (job.kind === "shard") {
    const { seed, shard, from, to, options } = job;
    play(result, { seed, ...options, part: { shard, from, to } });
    return result;
  }
  for (let seed = job.from; seed <= job.to; seed += 1) play(result, { seed, ...job.options });
  return result;
}

function play(result: JobResult, options: Parameters<typeof drawStory>[0]): void {
  const one = resultOf(playStory(drawStory(options)));
  result.hash = combine([result.hash, one.hash]);
  addResult(result, one);
}

/** One run, as if it were a job of its own. */
export function resultOf(run: RunResult): JobResult {
  return {
    runs: 1,
    virtualMs: run.virtualMs,
    totals: run,
    violations: run.violations.map((violation) => ({ seed: run.seed, ...violation })),
    fewest: { presses: run.presses, kinds: Object.keys(run.struck).length },
    hash: run.hash,
  };
}

/** Adds what `more` came to; of hashes only their order makes one. */
export function addResult(sum: JobResult, more: JobResult): void {
  sum.runs += more.runs;
  sum.virtualMs += more.virtualMs;
  add(sum.totals, more.totals);
  sum.violations.push(...more.violations);
  for (const least of ["presses", "kinds"] as const)
    sum.fewest[least] = Math.min(sum.fewest[least], more.fewest[least]);
}
