import type { Settings } from "../../../agent/contract/settings.ts";
import type { LightPattern } from "../../../device/ports/light.ts";

/** How a doorbell's clock is when its power comes. */
export interface ClockAtStart {
  /** Its own idea of UTC minus the machine's, integer milliseconds. */
  offsetMs: number;
  trust: "synced" | "estimated";
}

/** What a live stage tells the process of one doorbell. The first is `power`. */
export type Order =
  | { do: "power"; settings: Settings; clock: ClockAtStart }
  | { do: "push"; holdMs: number; chatterMs: number }
  | { do: "move"; forMs: number; areaPermille: number; zones: number[] }
  | { do: "camera"; fault: "crash" | "break" | "mend" | "stall" | "go-on" }
  | { do: "disk"; fault: DiskFault | null }
  | { do: "clock"; set: { stepMs: number } | "sync" };

/** How storage answers while something is wrong with it. */
export type DiskFault = "slow" | "io" | "read-only";

/** What that process has to say. */
export type Report =
  | { what: "ring" }
  | { what: "light"; pattern: LightPattern }
  | { what: "camera"; isUp: boolean }
  /** The clock as it is now: a device whose power goes comes back with it. */
  | { what: "clock"; clock: ClockAtStart }
  | { what: "log"; level: "debug" | "info" | "warn" | "error"; message: string }
  /** The agent's work is over, and nothing of it runs any more. */
  | { what: "ended"; exitCode: 0 | 2; reason: string };
