import type { ChannelName } from "./channels.ts";
import type { CommandMessage, ReplyMessage } from "./command-messages.ts";
import { COMMANDS } from "./commands.ts";
import type { DesiredConfiguration, ReportedConfiguration } from "./configuration.ts";
import { type EventDataOf, type EventType, eventBody } from "./events.ts";
import type { ClipInitMessage, HealthMessage, ReceiptMessage, StatusMessage } from "./messages.ts";

const DEVICE = "front-door";
const EPOCH = "9f0c2d4e6a81b357";
const EARLIER_EPOCH = "41d7e0b29c3f5a68";
const PRESS = `${EPOCH}-p1`;
const CLIP = `${EPOCH}-c1`;
const SHA256 = "0123456789abcdef".repeat(4);
const NOON = Date.UTC(2026, 10, 24, 12);

/** The `data` of an event of each type: one evening of one doorbell. */
const DATA: { [T in EventType]: EventDataOf<T> } = {
  press: { heldMs: 40 },
  button: { gesture: "single", pressIds: [PRESS], heldMs: 212 },
  camera: { state: "up", fault: "none", reason: "", source: "rtsp://camera.example/porch" },
  motion: { state: "start", startId: "", areaPermille: 34, zones: [0], durationMs: 0, reason: "" },
  snapshot: {
    eventId: PRESS,
    state: "taken",
    reason: "",
    widthPx: 640,
    heightPx: 360,
    bytes: 18_204,
    sha256: SHA256,
    frameOffsetMs: -12,
  },
  clip: {
    clipId: CLIP,
    eventId: PRESS,
    state: "recorded",
    preRollMs: 5_000,
    end: "finished",
    reason: "",
    bytes: 2_621_440,
    sha256: SHA256,
    durationMs: 20_000,
    continues: "",
  },
  "self-test": { requestId: "4f3a9c" },
  clock: { utcMs: NOON, previousOffsetMs: 1_250 },
  start: {
    previousEpoch: EARLIER_EPOCH,
    previousLastPress: 3,
    previousLastEvent: 41,
    version: "0.1.0",
    mode: "normal",
  },
  drop: { epoch: EARLIER_EPOCH, lane: "event", from: 12, to: 30, messages: 19, reason: "budget" },
};

const STATUS: StatusMessage = {
  state: "online",
  epoch: EPOCH,
  connection: 1,
  epochNumber: 7,
  mode: "normal",
  store: "durable",
};
const RECEIPT: ReceiptMessage = {
  epoch: EPOCH,
  press: [[1, 1]],
  event: [
    [1, 8],
    [10, 12],
  ],
};
const HEALTH: HealthMessage = {
  epoch: EPOCH,
  uptimeMs: 900_000,
  mode: "normal",
  camera: "up",
  store: "durable",
  outboxRows: 0,
  outboxBytes: 0,
  counters: { "press.rung": 1, "uplink.connections": 1 },
};
const CLIP_INIT: ClipInitMessage = {
  name: `${CLIP}.tar`,
  segments_ttl: 86_400,
  user_data: {
    deviceId: DEVICE,
    clipId: CLIP,
    eventId: PRESS,
    trigger: "press",
    epoch: EPOCH,
    contentType: "application/x-tar",
    eventTime: "2026-11-24T12:00:00.000Z",
    codec: "avc1.42c01f",
    widthPx: 1_280,
    heightPx: 720,
    continues: "",
  },
};
const REQUEST = "4f3a9c";
const REFUSED: ReplyMessage = {
  requestId: REQUEST,
  command: "delete-clip",
  outcome: "refused",
  refusal: { code: "not-found", field: "/params/clipId", reason: "there is no such clip" },
};
const DESIRED: DesiredConfiguration = { version: 4, settings: { button: { holdMs: 60 } } };
const REPORTED: ReportedConfiguration = {
  version: 4,
  state: "applied",
  refusals: [],
  ownerCounter: 2,
  settings: { button: { holdMs: 60 }, privacy: { masks: ["700,0 1000,0 1000,350 700,300"] } },
};
const REFUSING: ReportedConfiguration = {
  ...REPORTED,
  version: 5,
  state: "refused",
  refusals: [{ field: "button.holdMs", reason: "found 5, allowed: a whole number from 10 to 1000 (ms)" }],
};

/**
 * Payloads that are true, as JSON, by channel; empty for channels that carry no JSON. Events are `eventExample`s.
 * Tests hold each against its schema.
 */
export const EXAMPLES: Record<ChannelName, readonly object[]> = {
  status: [STATUS, { ...STATUS, state: "offline" } satisfies StatusMessage],
  event: [],
  late: [],
  snapshot: [],
  "clip-init": [CLIP_INIT],
  "clip-segment": [],
  "clip-fin": [],
  "clip-abort": [],
  receipt: [RECEIPT],
  command: Object.values(COMMANDS).map(
    ({ example }) => ({ requestId: REQUEST, params: example.params }) satisfies CommandMessage,
  ),
  reply: [
    ...Object.entries(COMMANDS).map(
      ([command, { example }]) =>
        ({ requestId: REQUEST, command, outcome: "done", result: example.result }) satisfies ReplyMessage,
    ),
    REFUSED,
  ],
  "config-desired": [DESIRED],
  "config-reported": [REPORTED, REFUSING],
  health: [HEALTH],
};

/** A whole event of a type, as the agent writes it. */
export function eventExample(type: EventType): object {
  const lane = type === "press" ? "press" : "event";
  const text = eventBody({
    deviceId: DEVICE,
    type,
    epoch: EPOCH,
    lane,
    sequence: lane === "press" ? 1 : 2 + Object.keys(DATA).indexOf(type),
    monotonicMs: 61_250,
    utcMs: NOON,
    trust: "synced",
    data: DATA[type],
  });
  return JSON.parse(text) as object;
}
