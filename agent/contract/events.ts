import { type Static, type TProperties, Type } from "typebox";

/**
 * Every event a doorbell publishes, declared once. On the wire each is a CloudEvent 1.0 in structured JSON
 * (CloudEvents JSON format §3) under `event/{type}` or `late/{type}`.
 */
const fact = <P extends TProperties>(description: string, properties: P) =>
  Type.Object(properties, { description });
const natural = (description: string) => Type.Integer({ minimum: 0, description });
const name = (description: string) => Type.String({ maxLength: 200, description });
const Sha256 = Type.String({ pattern: "^[0-9a-f]{64}$" });
const Lane = Type.Enum(["press", "event"], { description: "Of presses, or of other events" });
const ClipEnd = Type.Enum(["finished", "seam", "camera-lost", "interrupted", "store-failed"]);

export const EventData = {
  press: fact("Somebody rang. Published when the button has been held long enough; never retained.", {
    heldMs: natural("How long the button had been down when this was decided"),
  }),
  button: fact("What became of one press or of two, when the gesture has ended; or of the button's line.", {
    gesture: Type.Enum(["single", "double", "long", "stuck", "freed", "line-lost", "line-ready"], {
      description: "`stuck`, `freed`: the button; `line-lost`, `line-ready`: its wire or driver",
    }),
    pressIds: Type.Array(Type.String(), { maxItems: 2, description: "The presses that it is about" }),
    heldMs: natural("How long the last press was held"),
  }),
  camera: fact("The camera's state changed.", {
    state: Type.Enum(["up", "down"], { description: "Whether it gives pictures" }),
    fault: Type.Enum(["none", "operator", "world"], { description: "Who must act, when it is down" }),
    reason: name("One line for a person"),
    source: name("As configured, without credentials"),
  }),
  motion: fact("Something began to move before the camera, or has come to rest.", {
    state: Type.Enum(["start", "end"], { description: "Of the motion" }),
    startId: Type.String({ description: "The event that told the start; empty in that event itself" }),
    areaPermille: natural("Largest share of the watched picture that has moved so far, per mille"),
    zones: Type.Array(natural("Index of a zone in the settings"), {
      maxItems: 16,
      description: "In which of the set zones; empty when none are set",
    }),
    durationMs: natural("From the start to the last movement; 0 at the start"),
    reason: Type.Enum(["", "still", "camera-lost"], { description: "Why it ended; empty at the start" }),
  }),
  "self-test": fact(
    "The path of an event is tried, as somebody asked. Nobody rang, and nothing may ring for it.",
    {
      requestId: name("Of the command"),
    },
  ),
  snapshot: fact("A preview of a press or motion is on `snapshot/{eventId}`, or could not be made.", {
    eventId: name("The press or the start of the motion, or what a command `snapshot` was answered"),
    state: Type.Enum(["taken", "failed"], { description: "Whether there is one" }),
    reason: name("Why not; empty when taken"),
    widthPx: natural("0 when failed"),
    heightPx: natural("0 when failed"),
    bytes: natural("Size of the JPEG"),
    sha256: Type.Union([Sha256, Type.Literal("")], { description: "Of the JPEG; empty when failed" }),
    frameOffsetMs: Type.Integer({ description: "Capture time of the picture minus time of that event" }),
  }),
  clip: fact("A clip began, ended, or was given up.", {
    clipId: name("Its id on `clip/{clipId}/…`"),
    eventId: name("The press or the start of the motion that it belongs to, or an id of a `record` alone"),
    state: Type.Enum(["recording", "recorded", "failed", "dropped"], {
      description: "`recorded`: the file is made, and on its way; `dropped`: it will not come",
    }),
    preRollMs: natural("Pre-roll really in the file"),
    end: Type.Union([ClipEnd, Type.Literal("")], { description: "Only `finished` is whole" }),
    reason: name("Why it failed or was dropped; empty otherwise"),
    bytes: natural("Size of the file"),
    sha256: Type.Union([Sha256, Type.Literal("")], { description: "Of the file; empty while there is none" }),
    durationMs: natural("Of the video, with its pre-roll"),
    continues: Type.String({ description: "The clip that this one goes on from, or empty" }),
  }),
  clock: fact("UTC became known or stepped: `utcMs` was the time at `monotonicMs` of this epoch.", {
    utcMs: natural("Milliseconds since 1970"),
    previousOffsetMs: Type.Integer({
      description: "By how much the times sent before were short of the truth",
    }),
  }),
  start: fact("The agent started: the first event of its epoch.", {
    previousEpoch: Type.String({ description: "The epoch before, or empty" }),
    previousLastPress: natural("Last press number that is known to have been given out in it"),
    previousLastEvent: natural("Last event number that is known to have been given out in it"),
    version: name("Of the agent"),
    mode: Type.Enum(["normal", "bell-only"], {
      description: "`bell-only` after three crashes within a minute",
    }),
    setAside: Type.Optional(
      Type.Boolean({
        description:
          "True: the outbox was corrupt, and what it held of earlier epochs, with its clips, will not come",
      }),
    ),
  }),
  drop: fact("Messages were given up unsent: a declared gap.", {
    epoch: Type.String({ description: "The epoch that they were of" }),
    lane: Lane,
    from: natural("First number of the gap"),
    to: natural("Last number of the gap"),
    messages: natural("How many of them were dropped"),
    reason: Type.Enum(["budget", "age", "store-failed", "storm"], {
      description:
        "No room, or too old; `store-failed`: they were never durable; `storm`: more than could be taken in",
    }),
  }),
} as const;

export type EventType = keyof typeof EventData;
export type EventDataOf<T extends EventType> = Static<(typeof EventData)[T]>;

/** The CloudEvents envelope; `epoch`, `lane`, `sequence`, `monotonicms` and `timetrust` are extension attributes. */
export const EventEnvelope = Type.Object({
  specversion: Type.Literal("1.0", { description: "Of CloudEvents" }),
  id: Type.String({ minLength: 1, maxLength: 64, description: "Never repeats" }),
  source: Type.String({
    pattern: "^/porchlight/[a-z0-9-]{3,36}$",
    description: "Ends with the id of the device",
  }),
  type: Type.String({
    pattern: "^dev\\.porchlight\\.[a-z-]{1,32}$",
    description: "Ends as the topic does",
  }),
  time: Type.String({ format: "date-time", description: "RFC 3339, UTC, when it happened" }),
  datacontenttype: Type.Literal("application/json", { description: "Of `data`" }),
  epoch: Type.String({ pattern: "^[0-9a-f]{16}$", description: "Random, one for each start of the agent" }),
  lane: Type.Enum(["press", "event"], { description: "Which sequence `sequence` belongs to" }),
  sequence: Type.Integer({
    minimum: 1,
    maximum: 2147483647,
    description: "Counts up by one in its epoch and lane",
  }),
  monotonicms: Type.String({
    pattern: "^[0-9]{1,15}$",
    description: "Milliseconds on the epoch's own clock",
  }),
  timetrust: Type.Enum(["synced", "estimated"], { description: "How far `time` can be trusted" }),
  data: Type.Object({}, { additionalProperties: true }),
});
export type EventEnvelope = Static<typeof EventEnvelope>;

/** A whole event of a known type. */
export type PorchlightEvent<T extends EventType = EventType> = Omit<EventEnvelope, "data"> & {
  data: EventDataOf<T>;
};

/** Largest event on the wire, in bytes of JSON. */
export const EVENT_MAX_BYTES = 4_096;

/** The event's id: unique because its epoch is. */
export function eventId(epoch: string, lane: "press" | "event", sequence: number): string {
  return `${epoch}-${lane === "press" ? "p" : "e"}${sequence}`;
}

/** Builds the CloudEvent's JSON text. Deterministic: the same facts give the same bytes. */
export function eventBody<T extends EventType>(fact: {
  deviceId: string;
  type: T;
  epoch: string;
  lane: "press" | "event";
  sequence: number;
  monotonicMs: number;
  utcMs: number;
  trust: "synced" | "estimated";
  data: EventDataOf<T>;
}): string {
  const event: PorchlightEvent<T> = {
    specversion: "1.0",
    id: eventId(fact.epoch, fact.lane, fact.sequence),
    source: `/porchlight/${fact.deviceId}`,
    type: `dev.porchlight.${fact.type}`,
    time: new Date(fact.utcMs).toISOString(),
    datacontenttype: "application/json",
    epoch: fact.epoch,
    lane: fact.lane,
    sequence: fact.sequence,
    monotonicms: String(fact.monotonicMs),
    timetrust: fact.trust,
    data: fact.data,
  };
  return JSON.stringify(event);
}
