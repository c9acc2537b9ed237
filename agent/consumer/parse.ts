import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";
import { Value } from "typebox/value";
import { CHANNELS } from "../contract/channels.ts";
import { CommandMessage, ReplyMessage } from "../contract/command-messages.ts";
import { DesiredConfiguration, ReportedConfiguration } from "../contract/configuration.ts";
import { EventData, type EventDataOf, EventEnvelope, type EventType, eventId } from "../contract/events.ts";
import { ClipInitMessage, HealthMessage, ReceiptMessage, StatusMessage } from "../contract/messages.ts";
import { type ParsedTopic, parseTopic } from "../contract/topics.ts";

/** An event of a type that this version of the contract knows, with the data that belongs to it. */
export type KnownEvent = { [T in EventType]: { type: T; data: EventDataOf<T> } }[EventType];

export interface EventMessage {
  kind: "event";
  deviceId: string;
  /** It came on `late/`. */
  late: boolean;
  eventType: string;
  event: EventEnvelope;
  /** The same data by type; null for a type that a newer agent sends. */
  known: KnownEvent | null;
  /** `event.time` in milliseconds since 1970. */
  utcMs: number;
  monotonicMs: number;
}

/** What belongs to one clip; the bytes are not verified yet. */
export type ClipMessage =
  | { kind: "clip-init"; deviceId: string; clipId: string; body: string; init: ClipInitMessage }
  | {
      kind: "clip-segment";
      deviceId: string;
      clipId: string;
      offset: number;
      sha256: string;
      bytes: Uint8Array;
    }
  | { kind: "clip-fin"; deviceId: string; clipId: string; bytes: number; sha256: string }
  | { kind: "clip-abort"; deviceId: string; clipId: string };

export type ConsumerMessage =
  | EventMessage
  | ClipMessage
  | { kind: "status"; deviceId: string; status: StatusMessage }
  | { kind: "snapshot"; deviceId: string; eventId: string; jpeg: Uint8Array }
  | { kind: "health"; deviceId: string; health: HealthMessage }
  | { kind: "receipt"; deviceId: string; receipt: ReceiptMessage }
  | { kind: "command"; deviceId: string; command: string; request: CommandMessage }
  | { kind: "reply"; deviceId: string; reply: ReplyMessage }
  | { kind: "config-desired"; deviceId: string; desired: DesiredConfiguration }
  | { kind: "config-reported"; deviceId: string; reported: ReportedConfiguration };

export type RefusalReason =
  | "unknown-topic"
  | "too-large"
  | "not-utf8"
  | "not-json"
  /** It does not match its schema. */
  | "invalid"
  /** It says one thing here and another there, such as a topic and its payload. */
  | "inconsistent";

export interface Refusal {
  kind: "refused";
  topic: string;
  /** Null when the topic is not ours. */
  deviceId: string | null;
  reason: RefusalReason;
  /** One line for a person. */
  detail: string;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads one message of the contract, or says why it is none. It never throws, whatever comes in; properties and
 * event types it does not know are no reason to refuse.
 */
export function parseMessage(topic: string, payload: Uint8Array): ConsumerMessage | Refusal {
  const parsed = parseTopic(topic);
  const refuse = (reason: RefusalReason, detail: string): Refusal => ({
    kind: "refused",
    topic,
    deviceId: parsed?.deviceId ?? null,
    reason,
    detail,
  });
  if (!parsed) return refuse("unknown-topic", "not a topic of this contract");
  const maxBytes = CHANNELS[parsed.kind].maxBytes;
  if (payload.length > maxBytes)
    return refuse("too-large", `${payload.length} bytes, at most ${maxBytes} allowed`);
  const { deviceId } = parsed;
  switch (parsed.kind) {
    case "clip-segment":
      return payload.length > 0
        ? { ...parsed, bytes: payload }
        : refuse("invalid", "a segment without bytes");
    case "clip-fin":
    case "clip-abort":
      return parsed;
    case "snapshot":
      return isJpeg(payload) ? { ...parsed, jpeg: payload } : refuse("invalid", "not a JPEG");
    case "status": {
      const status = readJson(StatusMessage, payload, refuse);
      return "kind" in status ? status : { kind: "status", deviceId, status: status.value };
    }
    case "health": {
      const health = readJson(HealthMessage, payload, refuse);
      return "kind" in health ? health : { kind: "health", deviceId, health: health.value };
    }
    case "receipt": {
      const receipt = readJson(ReceiptMessage, payload, refuse);
      return "kind" in receipt ? receipt : { kind: "receipt", deviceId, receipt: receipt.value };
    }
    case "command": {
      const request = readJson(CommandMessage, payload, refuse);
      return "kind" in request
        ? request
        : { kind: "command", deviceId, command: parsed.name, request: request.value };
    }
    case "reply": {
      const reply = readJson(ReplyMessage, payload, refuse);
      if ("kind" in reply) return reply;
      if (reply.value.requestId !== parsed.requestId)
        return refuse("inconsistent", "requestId is not the topic's");
      return { kind: "reply", deviceId, reply: reply.value };
    }
    case "config-desired": {
      const desired = readJson(DesiredConfiguration, payload, refuse);
      return "kind" in desired ? desired : { kind: "config-desired", deviceId, desired: desired.value };
    }
    case "config-reported": {
      const reported = readJson(ReportedConfiguration, payload, refuse);
      return "kind" in reported ? reported : { kind: "config-reported", deviceId, reported: reported.value };
    }
    case "clip-init": {
      const init = readJson(ClipInitMessage, payload, refuse);
      if ("kind" in init) return init;
      const { user_data: user } = init.value;
      if (user.deviceId !== deviceId || user.clipId !== parsed.clipId) {
        return refuse("inconsistent", "user_data names another device or clip than the topic");
      }
      return { ...parsed, body: init.text, init: init.value };
    }
    case "event":
      return readEvent(parsed, payload, refuse);
  }
}

type Refuse = (reason: RefusalReason, detail: string) => Refusal;

function readEvent(
  topic: ParsedTopic & { kind: "event" },
  payload: Uint8Array,
  refuse: Refuse,
): EventMessage | Refusal {
  const read = readJson(EventEnvelope, payload, refuse);
  if ("kind" in read) return read;
  const { value: event } = read;
  if (event.type !== `dev.porchlight.${topic.eventType}`)
    return refuse("inconsistent", "type is not the topic's");
  if (event.source !== `/porchlight/${topic.deviceId}`)
    return refuse("inconsistent", "source is not the topic's");
  if (event.id !== eventId(event.epoch, event.lane, event.sequence)) {
    return refuse("inconsistent", "id does not come from epoch, lane and sequence");
  }
  const utcMs = Date.parse(event.time);
  if (!Number.isFinite(utcMs)) return refuse("invalid", "/time is not a time");
  const known = isKnown(topic.eventType) ? readKnown(topic.eventType, event.data) : null;
  if (typeof known === "string") return refuse("invalid", known);
  return { ...topic, event, known, utcMs, monotonicMs: Number(event.monotonicms) };
}

function isKnown(eventType: string): eventType is EventType {
  return Object.hasOwn(EventData, eventType);
}

/** The data of a known type, or what is wrong with it. */
function readKnown<T extends EventType>(type: T, data: unknown): KnownEvent | string {
  const fact = { type, data };
  return isFact(fact) ? fact : firstFault(EventData[type], data, "/data");
}

function isFact(fact: { type: EventType; data: unknown }): fact is KnownEvent {
  return validatorOf(EventData[fact.type]).Check(fact.data);
}

function readJson<S extends TSchema>(
  schema: S,
  payload: Uint8Array,
  refuse: Refuse,
): { value: Static<S>; text: string } | Refusal {
  let text: string;
  try {
    text = utf8.decode(payload);
  } catch {
    return refuse("not-utf8", "the bytes are not UTF-8");
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse("not-json", text === "" ? "an empty payload" : "the text is not JSON");
  }
  return matches(schema, value) ? { value, text } : refuse("invalid", firstFault(schema, value, ""));
}

function matches<S extends TSchema>(schema: S, value: unknown): value is Static<S> {
  return validatorOf(schema).Check(value);
}

/** Made on first use: a consumer that never meets a kind of message does not pay for it. */
const validators = new Map<TSchema, { Check(value: unknown): boolean }>();

function validatorOf(schema: TSchema): { Check(value: unknown): boolean } {
  const made = validators.get(schema) ?? Compile(schema);
  validators.set(schema, made);
  return made;
}

function firstFault(schema: TSchema, value: unknown, path: string): string {
  const [fault] = Value.Errors(schema, value);
  return `${path}${fault?.instancePath ?? ""} ${fault?.message ?? "does not match"}`.trim().slice(0, 200);
}

function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
}
