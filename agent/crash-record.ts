import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const FILE = "crashes.json";
const CRASHES = 3;
const WITHIN_MS = 60_000;

/** Notes in the data folder that the process ends by a bug. Answers why it could not, or null. */
export function recordCrash(dataFolder: string, utcMs: number): string | null {
  const times = [...readCrashes(dataFolder), utcMs].slice(-CRASHES);
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
  const times = readCrashes(dataFolder);
  const [oldest] = times;
  if (times.length < CRASHES || oldest === undefined) return "normal";
  return utcMs - oldest <= 2 * WITHIN_MS && (times.at(-1) ?? 0) - oldest <= WITHIN_MS
    ? "bell-only"
    : "normal";
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
