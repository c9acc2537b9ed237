import { UsageError } from "../../agent/contract/errors.ts";

/** The command line of `porchlight-sim fleet`, as it was given. */
export interface FleetFlags {
  doorbells: string;
  ramp: string;
  presses: string;
  storm?: string;
  seconds: string;
  seed: string;
  clips?: true;
  broker?: string;
  protocol?: string;
  config?: string;
  json?: true;
}

/** What a fleet does, and when. */
export interface FleetPlan {
  doorbells: number;
  rampPerS: number;
  /** Of each doorbell. */
  pressesPerMinute: number;
  clips: boolean;
  /** Null without storms. */
  stormEveryMs: number | null;
  /** From when all that can are connected. */
  forMs: number;
  seed: number;
}

/** One address reaches a broker from about 28,000 ports (Linux, net.ipv4.ip_local_port_range). */
const MOST_DOORBELLS = 25_000;
/** A second for each press and the pause after it. */
const MOST_PRESSES_PER_MINUTE = 60;
const SHORTEST_STORM_MS = 2_000;

/** @throws UsageError of one line, naming the flag, what was found and what would be right. */
export function fleetPlan(flags: FleetFlags): FleetPlan {
  const { doorbells, seconds, seed, storm } = flags;
  const forMs = whole("--seconds", seconds, 1, 86_400) * 1_000;
  const stormEveryMs = storm === undefined ? null : duration("--storm", storm);
  if (stormEveryMs !== null && stormEveryMs < SHORTEST_STORM_MS) {
    throw new UsageError(
      `--storm is at least 2s, or the storm before is not over, not ${shown(storm ?? "")}`,
    );
  }
  if (stormEveryMs !== null && stormEveryMs >= forMs) {
    throw new UsageError(`--storm ${shown(storm ?? "")} never comes within --seconds ${shown(seconds)}`);
  }
  const rampPerS = rate("--ramp", flags.ramp, "50/s") / 60;
  if (rampPerS === 0) throw new UsageError("--ramp is more than 0: else no doorbell ever starts");
  const pressesPerMinute = rate("--presses", flags.presses, "2/min");
  if (pressesPerMinute > MOST_PRESSES_PER_MINUTE) {
    throw new UsageError(
      `--presses is at most ${MOST_PRESSES_PER_MINUTE}/min for each doorbell, not ${shown(flags.presses)}`,
    );
  }
  return {
    doorbells: whole("--doorbells", doorbells, 1, MOST_DOORBELLS),
    rampPerS,
    pressesPerMinute,
    clips: flags.clips === true,
    stormEveryMs,
    forMs,
    seed: whole("--seed", seed, 0, 999_999_999),
  };
}

function whole(flag: string, text: string, least: number, most: number): number {
  const value = /^[0-9]{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) {
    throw new UsageError(`${flag} is a whole number from ${least} to ${most}, not ${shown(text)}`);
  }
  return value;
}

const NUMBER = "([0-9]{1,9}(?:\\.[0-9]{1,3})?)";
const A_MINUTE: Record<string, number> = { s: 60, min: 1, h: 1 / 60 };
const MS: Record<string, number> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000 };

/** A minute. */
function rate(flag: string, text: string, example: string): number {
  const [, number, unit = ""] = new RegExp(`^${NUMBER}/(s|min|h)$`).exec(text) ?? [];
  if (number === undefined)
    throw new UsageError(`${flag} is a rate such as ${example}, by s, min or h, not ${shown(text)}`);
  return Number(number) * (A_MINUTE[unit] ?? 1);
}

function duration(flag: string, text: string): number {
  const [, number, unit = ""] = new RegExp(`^${NUMBER}(ms|s|min|h)$`).exec(text) ?? [];
  if (number === undefined)
    throw new UsageError(`${flag} is a time such as 20s, in ms, s, min or h, not ${shown(text)}`);
  return Math.round(Number(number) * (MS[unit] ?? 1));
}

/** It goes to a terminal. */
function shown(text: string): string {
  return /^[ -~]{1,40}$/.test(text) ? text : JSON.stringify(text.slice(0, 40));
}
