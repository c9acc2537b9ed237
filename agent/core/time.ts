import type { TimeTrust } from "../../device/ports/clock.ts";
import type { Turn } from "./turn.ts";

export interface TimeState {
  /** UTC minus the monotonic clock, in ms. */
  offsetMs: number;
  trust: TimeTrust;
}

export function newTime(): TimeState {
  return { offsetMs: 0, trust: "estimated" };
}

/** UTC in ms at a monotonic time, by the newest reading of the clock. */
export function utcAt(turn: Turn, monotonicMs: number): number {
  return monotonicMs + turn.state.time.offsetMs;
}
