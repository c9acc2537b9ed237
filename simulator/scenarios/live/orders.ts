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
  | { do: "power"; settings: Settings; clock: ClockAtStart; troubles: Troubles }
  | { do: "push"; holdMs: number; chatterMs: number }
  | { do: "move"; forMs: number; areaPermille: number; zones: number[] }
  /** So many changes of the button's level at one instant. */
  | { do: "storm"; edges: number }
  | { do: "troubles"; troubles: Troubles }
  | { do: "crash"; what: "camera" | "agent" }
  | { do: "clock"; set: ClockSetting };

/** Somebody sets the clock by so much; or a time server answers, which is wrong by `errorMs`. */
export type ClockSetting = { stepMs: number } | { errorMs: number };

/** What is wrong with the hardware for now, over any number of starts. */
export interface Troubles {
  disk: "io" | "read-only" | null;
  /** So long until the disk begins with what it is asked for. */
  diskSlowMs: number;
  /** No capture works: it is lost as a camera without power is. */
  cameraBroken: boolean;
  /** Captures deliver nothing, and say nothing. */
  cameraStalled: boolean;
  /** What becomes of the previews that are asked for. */
  stills: "taken" | "failed" | "late" | "never";
  /** The button's line cannot be read. */
  buttonLost: boolean;
}

/** What that process has to say. */
export type Report =
  | { what: "ring" }
  | { what: "light"; pattern: LightPattern }
  | { what: "camera"; isUp: boolean }
  /** What has not come to its end, in words; empty when all has. Told when it changes. */
  | { what: "unsettled"; waits: string }
  /** The clock as it is now: a device whose power goes comes back with it. */
  | { what: "clock"; clock: ClockAtStart }
  | { what: "log"; level: "debug" | "info" | "warn" | "error"; message: string }
  /** The agent's work is over, and nothing of it runs any more. */
  | { what: "ended"; exitCode: 0 | 2 | 75; reason: string };
