import { recordEvent } from "./events.ts";
import { takeUndeclared } from "./outbox.ts";
import { say, type Turn } from "./turn.ts";
import { isReady } from "./uplink.ts";

/**
 * Tells which numbers were given up, so that a consumer's gap has a reason. It waits until the disk or the broker
 * can take it, or the agent ends: in a full memory it would itself be the next to go.
 */
export function declareDrops(turn: Turn): void {
  const { store, trouble, undeclared } = turn.state.outbox;
  const lasts = store === "durable" && !trouble;
  const lastChance = turn.state.lifecycle.phase === "stopping";
  if (undeclared.length === 0 || !(lasts || lastChance || isReady(turn))) return;
  const reason = "store-failed";
  for (const { epoch, lane, from, to, messages } of takeUndeclared(turn)) {
    say(turn, "warn", "messages dropped", { lane, from, to, messages, reason });
    recordEvent(turn, "drop", turn.now, { epoch, lane, from, to, messages, reason });
  }
}
