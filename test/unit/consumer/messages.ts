import type { Incoming } from "../../../agent/consumer/index.ts";
import { type EventDataOf, type EventType, eventBody } from "../../../agent/contract/events.ts";
import type { StatusMessage } from "../../../agent/contract/messages.ts";
import { topicsOf } from "../../../agent/contract/topics.ts";

export const DEVICE = "front-door";
export const EPOCH = "0123456789abcdef";
export const NOON = Date.UTC(2026, 10, 24, 12);
export const topics = topicsOf(DEVICE);
export const bytesOf = (text: string) => new TextEncoder().encode(text);

export interface EventOptions {
  epoch?: string;
  lane?: "press" | "event";
  late?: boolean;
  utcMs?: number;
  monotonicMs?: number;
  trust?: "synced" | "estimated";
  receivedUtcMs?: number;
  retain?: boolean;
}

/** An event as it comes from the broker. */
export function event<T extends EventType>(
  type: T,
  sequence: number,
  data: EventDataOf<T>,
  options: EventOptions = {},
): Incoming {
  const utcMs = options.utcMs ?? NOON;
  const body = eventBody({
    deviceId: DEVICE,
    type,
    epoch: options.epoch ?? EPOCH,
    lane: options.lane ?? (type === "press" ? "press" : "event"),
    sequence,
    monotonicMs: options.monotonicMs ?? 1_000,
    utcMs,
    trust: options.trust ?? "synced",
    data,
  });
  return {
    topic: topics.event(type, options.late ?? false),
    payload: bytesOf(body),
    retain: options.retain ?? false,
    receivedUtcMs: options.receivedUtcMs ?? utcMs + 20,
  };
}

export function press(sequence: number, options: EventOptions = {}): Incoming {
  return event("press", sequence, { heldMs: 40 }, options);
}

export function status(message: Partial<StatusMessage>): Incoming {
  const whole = {
    state: "online",
    epoch: EPOCH,
    connection: 1,
    epochNumber: 1,
    mode: "normal",
    store: "durable",
  };
  const payload = bytesOf(JSON.stringify({ ...whole, ...message }));
  return { topic: topics.status, payload, retain: false, receivedUtcMs: NOON };
}
