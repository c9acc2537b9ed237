import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Crash } from "./core/inputs.ts";

const FILE = "crashes.json";
const CRASHES = 3;
const WITHIN_MS = 60_000;

/** The crashes that count, with a new one. */
export function crashesWith<Of>(crashes: readonly Of[], crash: Of): Of[] {
  return [...crashes, crash].slice(-CRASHES);
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

/** Notes in the data folder that the process ends by this bug. Answers why it could not, or null. */
export function recordCrash(dataFolder: string, utcMs: number, error: unknown): string | null {
  const crash: Crash = { utcMs, reason: reasonOf(error) };
  return writeWhole(dataFolder, FILE, JSON.stringify(crashesWith(crashesIn(dataFolder), crash)));
}

/** The mode to start in: `bell-only` after three crashes within a minute, the last of them at most a minute ago. */
export function modeAfterCrashes(dataFolder: string, utcMs: number): "normal" | "bell-only" {
  return modeAfter(
    crashesIn(dataFolder).map((crash) => crash.utcMs),
    utcMs,
  );
}

/** The last crashes on this data folder, oldest first. */
export function crashesIn(dataFolder: string): Crash[] {
  try {
    const crashes: unknown = JSON.parse(readFileSync(join(dataFolder, FILE), "utf8"));
    return Array.isArray(crashes) ? crashes.flatMap(crashOf) : [];
  } catch {
    // No record, or one that a crash cut short: neither is a reason not to start.
    return [];
  }
}

/** Writes a small file of the data folder, all of it or nothing. Answers why it could not, or null. */
export function writeWhole(dataFolder: string, name: string, text: string): string | null {
  const file = join(dataFolder, name);
  try {
    mkdirSync(dataFolder, { recursive: true, mode: 0o700 });
    writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Once a crash was noted by its time alone. */
function crashOf(noted: unknown): Crash[] {
  const { utcMs = noted, reason = "" } = Object(noted);
  return Number.isSafeInteger(utcMs) && typeof reason === "string" ? [{ utcMs, reason }] : [];
}

/** What went wrong and where in the program, in one line without credentials. */
function reasonOf(error: unknown): string {
  const [said = ""] = String(error).split("\n", 1);
  const frame = error instanceof Error ? /\n\s+at (.*)/.exec(error.stack ?? "")?.[1] : undefined;
  const where = frame?.replace(/\(?(?:file:\/\/)?\/(?:[^\s/]+\/)*([^/)\s]+)\)?/, "$1");
  const line = where === undefined ? said.slice(0, 200) : `${said.slice(0, 120)}, at ${where}`;
  return line.replaceAll(/\/\/[^\s/@]*@/g, "//…@").slice(0, 200);
}
