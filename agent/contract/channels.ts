import type { TSchema } from "typebox";
import { COMMAND_MAX_BYTES, CommandMessage, REPLY_MAX_BYTES, ReplyMessage } from "./command-messages.ts";
import { REPLY_MEMORY } from "./commands.ts";
import { CONFIGURATION_MAX_BYTES, DesiredConfiguration, ReportedConfiguration } from "./configuration.ts";
import { EVENT_MAX_BYTES } from "./events.ts";
import { ClipInitMessage, HealthMessage, ReceiptMessage, StatusMessage } from "./messages.ts";

/** Version of the wire: within it fields are added and never change their meaning. */
export const PREFIX = "porchlight/v1";

/** Everything on the wire is sent and subscribed to at this QoS: at least once (MQTT 3.1.1 and 5 §4.3.2). */
export const QOS = 1 as const;

/** A level of an address that differs from message to message. */
export interface Parameter {
  /** What the level must match, as a whole. */
  pattern: string;
  description: string;
  /** One that is allowed. */
  example: string;
  /** It is read as a number. */
  isNumber: boolean;
}

const text = (pattern: string, example: string, description: string) =>
  ({ pattern, example, description, isNumber: false }) as const;
const natural = (example: string, description: string) =>
  ({ pattern: "(?:0|[1-9][0-9]{0,14})", example, description, isNumber: true }) as const;
const ID = "[A-Za-z0-9_-]{1,64}";

/** Every parameter of an address, by its name. */
export const PARAMETERS = {
  deviceId: text("[a-z0-9-]{3,36}", "front-door", "The doorbell"),
  eventType: text("[a-z-]{1,32}", "press", "Type of the event, as its `type` ends"),
  eventId: text(ID, "9f0c2d4e6a81b357-p1", "Id of the press, or of the start of the motion"),
  clipId: text(ID, "9f0c2d4e6a81b357-c1", "The clip; an id is never used again"),
  name: text("[a-z-]{1,32}", "snapshot", "The command"),
  requestId: text(ID, "4f3a9c", "Of the request, of its asker's making"),
  offset: natural("65536", "Where these bytes stand in the clip's file"),
  bytes: natural("1048576", "Size of the clip's file"),
  sha256: text("[0-9a-f]{64}", "0123456789abcdef".repeat(4), "SHA-256 of these bytes, or of the whole file"),
} as const satisfies Record<string, Parameter>;

/** What a message carries. */
export type Payload =
  /** JSON in UTF-8. */
  | { kind: "json"; schema: TSchema; contentType: string }
  /** A CloudEvent, whose `data` `EventData` has by type. */
  | { kind: "event"; contentType: string }
  | { kind: "bytes"; contentType: string }
  | { kind: "empty"; contentType: null };

/** Everything that is agreed of one kind of topic. */
export interface Channel {
  /** The topic, with `{parameter}` for a level that `PARAMETERS` has. */
  address: string;
  sender: "device" | "cloud";
  /** The device subscribes to it, although it is the sender. */
  watched?: true;
  /** MQTT's RETAIN: whoever subscribes later gets the last one. */
  retain: boolean;
  /** A larger payload is refused, by the device as by the consumer. */
  maxBytes: number;
  payload: Payload;
  /** MQTT 5: seconds after which a broker may discard it; null: it is kept for as long as the broker keeps anything. */
  expiryS: number | null;
  /** Name of the channel on which it is answered, unless MQTT 5's Response Topic names another place. */
  repliesOn?: string;
  /** What `parseTopic` says of it, where that is more than the name of the channel. */
  parsedAs?: { kind: string; late: boolean };
  /** What it is for, in a line or two. */
  description: string;
}

const ROOT = `${PREFIX}/{deviceId}`;
const json = <S extends TSchema>(schema: S) =>
  ({ kind: "json", schema, contentType: "application/json" }) as const;
const bytes = (contentType: string) => ({ kind: "bytes", contentType }) as const;
const EMPTY = { kind: "empty", contentType: null } as const;
const EVENT = { kind: "event", contentType: "application/cloudevents+json; charset=utf-8" } as const;
const fromDevice = { sender: "device", retain: false, expiryS: null } as const;
const fromCloud = { sender: "cloud", retain: false, expiryS: null } as const;

/**
 * Everything on the wire, one entry a kind of topic. Topics and how they are read, what is sent with a message, what
 * is too large, `asyncapi.yaml`, the JSON Schema files and `docs/wire.md` all come from here.
 */
export const CHANNELS = {
  status: {
    ...fromDevice,
    address: `${ROOT}/status`,
    watched: true,
    retain: true,
    maxBytes: 4_096,
    payload: json(StatusMessage),
    description:
      "Whether the doorbell is there. Also its last will, as `offline`. The device watches it, and says the truth again when an older will or anybody else has overwritten it.",
  },
  event: {
    ...fromDevice,
    address: `${ROOT}/event/{eventType}`,
    parsedAs: { kind: "event", late: false },
    maxBytes: EVENT_MAX_BYTES,
    payload: EVENT,
    description: "Something happened, at most 30 s before this attempt to send it.",
  },
  late: {
    ...fromDevice,
    address: `${ROOT}/late/{eventType}`,
    parsedAs: { kind: "event", late: true },
    maxBytes: EVENT_MAX_BYTES,
    payload: EVENT,
    description:
      "The same event, when this attempt to send it began more than 30 s after it happened, or nobody can tell how long after. No bell may ring for it.",
  },
  snapshot: {
    ...fromDevice,
    address: `${ROOT}/snapshot/{eventId}`,
    maxBytes: 131_072,
    payload: bytes("image/jpeg"),
    description:
      "A small picture of a press or of the start of a motion. The event `snapshot` that follows says of what moment it is.",
  },
  "clip-init": {
    ...fromDevice,
    address: `${ROOT}/clip/{clipId}/init`,
    maxBytes: 8_192,
    payload: json(ClipInitMessage),
    description:
      "A clip begins to come: EMQX file transfer (EIP-0021), `init`. Sent again byte for byte; without size and checksum, since the clip is still being recorded.",
  },
  "clip-segment": {
    ...fromDevice,
    address: `${ROOT}/clip/{clipId}/{offset}/{sha256}`,
    maxBytes: 131_072,
    payload: bytes("application/octet-stream"),
    description:
      "A piece of the clip's file. Pieces differ in size, may come more than once and may overlap; at least one byte.",
  },
  "clip-fin": {
    ...fromDevice,
    address: `${ROOT}/clip/{clipId}/fin/{bytes}/{sha256}`,
    maxBytes: 0,
    payload: EMPTY,
    description: "All pieces have been sent. Size and SHA-256 of the whole file stand in the topic.",
  },
  "clip-abort": {
    ...fromDevice,
    address: `${ROOT}/clip/{clipId}/abort`,
    maxBytes: 0,
    payload: EMPTY,
    description: "The clip will not become whole: what has come of it may be thrown away.",
  },
  receipt: {
    ...fromCloud,
    address: `${ROOT}/receipt`,
    maxBytes: 8_192,
    payload: json(ReceiptMessage),
    description:
      "What the consumer has stored durably. With `uplink.settle: receipt` the device keeps every event until it is named here.",
  },
  command: {
    ...fromCloud,
    address: `${ROOT}/command/{name}`,
    maxBytes: COMMAND_MAX_BYTES,
    payload: json(CommandMessage),
    repliesOn: "reply",
    description:
      "Asks the doorbell for something. Each is done at most once and answered once, however often it comes. A retained one is refused.",
  },
  reply: {
    ...fromDevice,
    address: `${ROOT}/reply/{requestId}`,
    maxBytes: REPLY_MAX_BYTES,
    payload: json(ReplyMessage),
    expiryS: REPLY_MEMORY.forMs / 1_000,
    description:
      "The answer to a request. On MQTT 5 it goes to the request's Response Topic instead, with its Correlation Data.",
  },
  "config-desired": {
    ...fromCloud,
    address: `${ROOT}/config/desired`,
    retain: true,
    maxBytes: CONFIGURATION_MAX_BYTES,
    payload: json(DesiredConfiguration),
    description:
      "Settings that are wanted. All of them are checked, then tried, and rolled back when no broker is reached with them. Those of the owner count only with the owner's signature and a counter that has grown.",
  },
  "config-reported": {
    ...fromDevice,
    address: `${ROOT}/config/reported`,
    retain: true,
    maxBytes: CONFIGURATION_MAX_BYTES,
    payload: json(ReportedConfiguration),
    description: "What became of the last `config/desired`, with a field and a reason for each refusal.",
  },
  health: {
    ...fromDevice,
    address: `${ROOT}/health`,
    maxBytes: 16_384,
    payload: json(HealthMessage),
    description: "Counters since the start, and what waits. Nothing about the place.",
  },
} as const satisfies Record<string, Channel>;

export type ChannelName = keyof typeof CHANNELS;

/** Names of the parameters of an address, from left to right. */
export function parametersOf(address: string): (keyof typeof PARAMETERS)[] {
  return [...address.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => {
    if (!Object.hasOwn(PARAMETERS, name)) throw new TypeError(`${address}: {${name}} is not declared`);
    return name as keyof typeof PARAMETERS;
  });
}

/** Largest payload, in bytes, of what a device subscribes to: more of no message has to be looked at. */
export function largestInboundBytes(): number {
  const inbound = Object.values<Channel>(CHANNELS).filter(
    ({ sender, watched }) => sender === "cloud" || watched,
  );
  return Math.max(...inbound.map(({ maxBytes }) => maxBytes));
}
