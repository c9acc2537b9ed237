import { recordEvent } from "./events.ts";
import { takeUndeclared } from "./outbox.ts";
import { say, type Turn } from "./turn.ts";
import { isReady } from "./uplink.ts";

/**
 * Tells which numbers were given up, so that a consumer's gap has a reason. It waits until the disk or the broker
 * can take it: in a full memory it would itself be the next to go.
 */
export function declareDrops(turn: Turn): void {
  const { store, trouble, undeclared } = turn.state.outbox;
  const lasts = store === "durable" && !trouble;
  if (undeclared.length === 0 || !(lasts || isReady(turn))) return;
  for (const { epoch, lane, from, to, messages, reason } of takeUndeclared(turn)) {
    say(turn, "warn", "messages dropped", { lane, from, to, messages, reason });
    recordEvent(turn, "drop", turn.now, { epoch, lane, from, to, messages, reason });
  }
}
