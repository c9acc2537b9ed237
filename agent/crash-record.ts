import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FILE = "crashes.json";
const CRASHES = 3;
const WITHIN_MS = 60_000;

/** The times of the crashes that count, with a new one. */
export function crashesWith(times: readonly number[], utcMs: number): number[] {
  return [...times, utcMs].slice(-CRASHES);
}

/** The mode to start in after crashes at these times. */
export function modeAfter(times: readonly number[], utcMs: number): "normal" | "bell-only" {
  const [oldest] = times;
  const newest = times.at(-1);
  if (times.length < CRASHES || oldest === undefined || newest === undefined) return "normal";
  // A clock that went back between them says nothing of how close they were.
  const within = (ms: number, mostMs: number) => 0 <= ms && ms <= mostMs;
  return within(newest - oldest, WITHIN_MS) && within(utcMs - oldest, 2 * WITHIN_MS) ? "bell-only" : "normal";
}

/** Notes in the data folder that the process ends by a bug. Answers why it could not, or null. */
export function recordCrash(dataFolder: string, utcMs: number): string | null {
  const times = crashesWith(readCrashes(dataFolder), utcMs);
  const file = join(dataFolder, FILE);
  try {
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, JSON.stringify(times), { mode: 0o600 });
    renameSync(`${file}.new`, file);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The mode to start in: `bell-only` after three crashes within a minute, the last of them at most a minute ago. */
export function modeAfterCrashes(dataFolder: string, utcMs: number): "normal" | "bell-only" {
  return modeAfter(readCrashes(dataFolder), utcMs);
}

function readCrashes(dataFolder: string): number[] {
  try {
    const times: unknown = JSON.parse(readFileSync(join(dataFolder, FILE), "utf8"));
    return Array.isArray(times) ? times.filter((time) => Number.isSafeInteger(time)) : [];
  } catch {
    // No record, or one that a crash cut short: neither is a reason not to start.
    return [];
  }
}
