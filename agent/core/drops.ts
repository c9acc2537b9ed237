import { recordEvent } from "./events.ts";
import { takeUndeclared } from "./outbox.ts";
import { say, type Turn } from "./turn.ts";

/** Tells which numbers were given up, so that a consumer's gap has a reason. */
export function declareDrops(turn: Turn): void {
  for (const { epoch, lane, from, to, messages, reason } of takeUndeclared(turn)) {
    say(turn, "warn", "messages dropped", { lane, from, to, messages, reason });
    recordEvent(turn, "drop", turn.now, { epoch, lane, from, to, messages, reason });
  }
}
