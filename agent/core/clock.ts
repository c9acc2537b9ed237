import type { ClockChanged } from "../../device/ports/clock.ts";
import { recordEvent } from "./events.ts";
import type { Turn } from "./turn.ts";

/** A step below this is drift, not news. */
const STEP_WORTH_TELLING_MS = 500;

/** Takes in a new relation of the clocks; tells it when times that were sent before are wrong by it. */
export function clockChanged(turn: Turn, input: ClockChanged): void {
  const time = turn.state.time;
  const offsetMs = input.utcMs - input.occurredAt;
  const correctionMs = offsetMs - time.offsetMs;
  const gainedTrust = time.trust === "estimated" && input.trust === "synced";
  time.offsetMs = offsetMs;
  time.trust = input.trust;
  if (gainedTrust || Math.abs(correctionMs) >= STEP_WORTH_TELLING_MS) {
    recordEvent(turn, "clock", input.occurredAt, { utcMs: input.utcMs, previousOffsetMs: correctionMs });
  }
}
