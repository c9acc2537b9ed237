import type { StoredRow } from "../../device/ports/store.ts";
import { parseDrop } from "../contract/drop.ts";
import type { EventDataOf } from "../contract/events.ts";
import { recordEvent } from "./events.ts";
import { takeUndeclared } from "./outbox.ts";
import { count, say, type Turn } from "./turn.ts";
import { isReady } from "./uplink.ts";

/** A gap, as it is told: `messages` of the numbers `from`…`to` were given up. */
export type Drop = EventDataOf<"drop">;

/** No declaration is larger on the disk. */
export const DROP_MAX_BYTES = 480;

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
    countDropped(turn, lane, reason, messages);
    declare(turn, { epoch, lane, from, to, messages, reason });
  }
}

/** Counts messages that are given up, by reason; presses once more by themselves. */
export function countDropped(turn: Turn, lane: Drop["lane"], why: string, messages: number): void {
  count(turn, `outbox.dropped.${why}`, messages);
  if (lane === "press") count(turn, "press.dropped", messages);
}

/** Records the event that tells of the gap; answers its number. */
export function declare(turn: Turn, drop: Drop): number {
  const { lane, from, to, messages, reason } = drop;
  say(turn, "warn", "messages dropped", { lane, from, to, messages, reason });
  recordEvent(turn, "drop", turn.now, drop);
  return turn.state.outbox.last.event;
}

/**
 * What declares that these rows are given up, oldest first. What a row declared that is a declaration itself is
 * passed on. As many gaps as there are; or, if they would take more than half of what is gained, one from the first
 * to the last of each epoch, lane and reason, which may span messages that were delivered.
 */
export function declarationsOf(rows: readonly StoredRow[], reason: Drop["reason"]): Drop[] {
  const drops = rows.flatMap((row): Drop[] => {
    const { epoch, lane, sequence } = row;
    const own: Drop = { epoch, lane, from: sequence, to: sequence, messages: 1, reason };
    const passedOn = row.eventType === "drop" ? parseDrop(row.body) : null;
    return passedOn ? [passedOn, own] : [own];
  });
  const exact = merge(drops, (last, next) => next.from <= last.to + 1);
  const gained = rows.reduce((sum, { body }) => sum + body.length, 0);
  return exact.length * DROP_MAX_BYTES * 2 <= gained ? exact : merge(drops, () => true);
}

function merge(drops: readonly Drop[], joins: (last: Drop, next: Drop) => boolean): Drop[] {
  const lists = new Map<string, Drop[]>();
  for (const drop of [...drops].sort((a, b) => a.from - b.from)) {
    const key = `${drop.epoch}/${drop.lane}/${drop.reason}`;
    const list = lists.get(key) ?? [];
    lists.set(key, list);
    const last = list.at(-1);
    if (last && joins(last, drop)) {
      last.to = Math.max(last.to, drop.to);
      // One that was repeated after a power cut counts once.
      last.messages = Math.min(last.messages + drop.messages, last.to - last.from + 1);
    } else {
      list.push({ ...drop });
    }
  }
  return [...lists.values()].flat();
}
