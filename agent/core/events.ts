import type { Lane } from "../../device/ports/store.ts";
import { EVENT_MAX_BYTES, type EventDataOf, type EventType, eventBody, eventId } from "../contract/events.ts";
import { addRow } from "./outbox.ts";
import { utcAt } from "./time.ts";
import type { Turn } from "./turn.ts";

/**
 * Records that something happened at monotonic `atMs`: gives it the next number of its sequence, starts to make it
 * durable, and starts to publish it where that is possible now. Answers the event's id.
 * @throws Error when the event is larger than the wire allows: a bug of whoever made its data.
 */
export function recordEvent<T extends EventType>(
  turn: Turn,
  type: T,
  atMs: number,
  data: EventDataOf<T>,
  more: { stillOf?: string; announces?: string } = {},
): string {
  const { lifecycle, outbox, settings, time } = turn.state;
  const lane: Lane = type === "press" ? "press" : "event";
  outbox.last[lane] += 1;
  const sequence = outbox.last[lane];
  const id = eventId(lifecycle.epoch, lane, sequence);
  const body = eventBody({
    deviceId: settings.device.id,
    type,
    epoch: lifecycle.epoch,
    lane,
    sequence,
    monotonicMs: atMs,
    utcMs: utcAt(turn, atMs),
    trust: time.trust,
    data,
  });
  if (body.length > EVENT_MAX_BYTES) throw new Error(`event ${type} of ${body.length} characters`);
  addRow(
    turn,
    {
      lane,
      epoch: lifecycle.epoch,
      sequence,
      id,
      eventType: type,
      body,
      occurredMonotonicMs: atMs,
      occurredUtcMs: utcAt(turn, atMs),
      trust: time.trust,
      stillOf: more.stillOf ?? null,
    },
    more.announces ?? null,
  );
  return id;
}
