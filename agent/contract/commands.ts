import { type Static, type TObject, Type } from "typebox";

/**
 * Whom a command is for. A broker's access list tells them apart by topic, for the command's name is its last level;
 * the setting `commands.allow` turns a class off at the doorbell itself.
 */
export const COMMAND_CLASSES = ["household", "operator"] as const;
export type CommandClass = (typeof COMMAND_CLASSES)[number];

/** One command as the whole project knows it. */
export interface CommandDeclaration<P extends TObject = TObject, R extends TObject = TObject> {
  description: string;
  class: CommandClass;
  /** By then it has been answered: `done`, or refused as `timed-out`. */
  limitMs: number;
  /** What it must be told. A parameter that is not named here is refused: nothing is done by half. */
  params: P;
  /** What comes back when it is done; fields may be added within `v1`. */
  result: R;
  example: { params: Static<P>; result: Static<R> };
}

const natural = (description: string) => Type.Integer({ minimum: 0, description });
const text = (description: string) => Type.String({ maxLength: 200, description });
const Id = "^[A-Za-z0-9_-]{1,64}$";
const Sha256 = Type.String({ pattern: "^[0-9a-f]{64}$" });
const ClipId = Type.String({ pattern: Id, description: "Its id, as events and `list-clips` tell it" });
const params = <P extends Parameters<typeof Type.Object>[0]>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });

const Rows = Type.Object({ rows: natural("Messages"), bytes: natural("Their size") });
const EXAMPLE_CLIP = "3f1d8a5e7c904b26-c2";
const EXAMPLE_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

/** A clip as `list-clips` has it. */
export const ListedClip = Type.Object({
  clipId: ClipId,
  eventId: text("What it belongs to: a press, the start of a motion, or a `record`"),
  trigger: text("`press`, `motion` or `command`"),
  eventTime: text("When that happened, RFC 3339"),
  state: Type.Enum(["recording", "recorded"]),
  end: text("How it ended; empty while it is being recorded. Only `finished` is whole"),
  bytes: natural("Of its file so far"),
  durationMs: natural("Of the video; 0 while it is being recorded"),
  uploaded: Type.Boolean({ description: "The broker has acknowledged the whole of it" }),
});
export type ListedClip = Static<typeof ListedClip>;

/** Every command, declared once: its name is the last level of its topic. */
export const COMMANDS = {
  chime: command({
    description:
      "Rings the chime inside the house, once, and tells nobody else: no press, no light, no clip.",
    class: "household",
    limitMs: 2_000,
    params: params({}),
    result: Type.Object({}),
    example: { params: {}, result: {} },
  }),
  snapshot: command({
    description:
      "Takes a picture now. It travels on `snapshot/{eventId}`, with an event `snapshot` after it, as that of a press does.",
    class: "household",
    limitMs: 10_000,
    params: params({}),
    result: Type.Object({
      eventId: text("The last level of the picture's topic"),
      widthPx: natural("Of the picture"),
      heightPx: natural("Of the picture"),
      bytes: natural("Size of the JPEG"),
      sha256: Sha256,
      frameOffsetMs: Type.Integer({ description: "Capture time of the picture minus that of the request" }),
    }),
    example: {
      params: {},
      result: {
        eventId: "3f1d8a5e7c904b26-q1",
        widthPx: 640,
        heightPx: 360,
        bytes: 18_211,
        sha256: EXAMPLE_SHA256,
        frameOffsetMs: -21,
      },
    },
  }),
  record: command({
    description:
      "Records a clip now, with its pre-roll, or lets the one that is being recorded go on for so long. It is answered when the clip is open.",
    class: "household",
    limitMs: 10_000,
    params: params({
      durationMs: Type.Optional(
        Type.Integer({
          minimum: 1_000,
          maximum: 600_000,
          description: "From now on; `clip.postRollMs` unless told, and never beyond `clip.maxMs`",
        }),
      ),
    }),
    result: Type.Object({
      clipId: ClipId,
      began: Type.Boolean({ description: "False: one was being recorded and goes on" }),
    }),
    example: { params: { durationMs: 20_000 }, result: { clipId: EXAMPLE_CLIP, began: true } },
  }),
  "list-clips": command({
    description: "Lists the clips that the doorbell has, newest first, a page at a time.",
    class: "household",
    limitMs: 10_000,
    params: params({
      before: Type.Optional(Type.String({ pattern: Id, description: "Only clips older than this one" })),
      limit: Type.Optional(
        Type.Integer({ minimum: 1, maximum: 50, description: "At most so many; 20 unless told" }),
      ),
    }),
    result: Type.Object({
      clips: Type.Array(ListedClip, {
        maxItems: 50,
        description: "On a slow link fewer than asked for, so that a press need not wait for them",
      }),
      more: Type.Boolean({ description: "There are older ones: ask with `before` the last of these" }),
    }),
    example: {
      params: { limit: 1 },
      result: {
        clips: [
          {
            clipId: EXAMPLE_CLIP,
            eventId: "3f1d8a5e7c904b26-p4",
            trigger: "press",
            eventTime: "2026-03-01T17:20:11.482Z",
            state: "recorded",
            end: "finished",
            bytes: 2_630_656,
            durationMs: 10_066,
            uploaded: true,
          },
        ],
        more: true,
      },
    },
  }),
  "fetch-clip": command({
    description:
      "Sends a clip once more, from its `init` on. It is answered when the clip stands in the queue of those that travel.",
    class: "household",
    limitMs: 10_000,
    params: params({ clipId: ClipId }),
    result: Type.Object({ clipId: ClipId, bytes: natural("Of its file"), sha256: Sha256 }),
    example: {
      params: { clipId: EXAMPLE_CLIP },
      result: { clipId: EXAMPLE_CLIP, bytes: 2_630_656, sha256: EXAMPLE_SHA256 },
    },
  }),
  "self-test": command({
    description:
      "Proves the path of an event: an event `self-test` goes through the store, the broker and, where receipts settle, the consumer. It rings nobody.",
    class: "household",
    limitMs: 30_000,
    params: params({}),
    result: Type.Object({
      eventId: text("Id of the event"),
      settledBy: Type.Enum(["puback", "receipt"], { description: "As `uplink.settle` has it" }),
      storedMs: natural("Until it was durable"),
      publishedMs: natural("Until the broker had acknowledged it"),
      settledMs: natural("Until what settles it had come"),
    }),
    example: {
      params: {},
      result: {
        eventId: "3f1d8a5e7c904b26-e9",
        settledBy: "receipt",
        storedMs: 6,
        publishedMs: 14,
        settledMs: 212,
      },
    },
  }),
  diagnostics: command({
    description:
      "Tells how the doorbell is: what is counted, what waits, what went wrong. Nothing about the place.",
    class: "operator",
    limitMs: 2_000,
    params: params({}),
    result: Type.Object({
      version: text("Of the agent"),
      epoch: text("Of this start"),
      epochNumber: natural("Counts the starts on this data folder; 0 when there is no store"),
      mode: text("`normal` or `bell-only`"),
      uptimeMs: natural("Since the start"),
      clock: Type.Object({ utc: text("RFC 3339"), trust: Type.Enum(["synced", "estimated"]) }),
      store: text("`opening`, `durable` or `memory`"),
      outbox: Type.Object({
        press: Rows,
        event: Rows,
        inMemory: natural("Messages that are not durable yet"),
      }),
      camera: Type.Object({
        source: text("`none`, `test`, `file` or `rtsp`: what kind it is, not where"),
        state: text("`off`, `starting`, `up` or `down`"),
        reason: text("Why it is down; empty otherwise"),
        codec: text("RFC 6381"),
        widthPx: natural("Of the video"),
        heightPx: natural("Of the video"),
        failures: natural("In a row"),
      }),
      button: Type.Object({ lineLost: Type.Boolean() }),
      uplink: Type.Object({
        connection: natural("Counts the connections of this start"),
        broker: natural("Which of the list it is on, from 0"),
        bytesPerS: natural("What the link was seen to carry; 0 while that is not known"),
        inFlight: natural("Messages that are not acknowledged yet"),
      }),
      uploads: natural("Clips on their way"),
      crashes: Type.Array(
        Type.Object({
          utc: text("RFC 3339"),
          reason: text("One line, without secrets; empty when not known"),
        }),
        { maxItems: 3, description: "The last ones, oldest first" },
      ),
      counters: Type.Record(Type.String({ maxLength: 64 }), natural("Since the start")),
      countersLeftOut: natural("So many had no room"),
    }),
    example: {
      params: {},
      result: {
        version: "0.1.0",
        epoch: "3f1d8a5e7c904b26",
        epochNumber: 12,
        mode: "normal",
        uptimeMs: 86_400_000,
        clock: { utc: "2026-03-01T17:20:11.482Z", trust: "synced" },
        store: "durable",
        outbox: { press: { rows: 0, bytes: 0 }, event: { rows: 2, bytes: 1_210 }, inMemory: 0 },
        camera: {
          source: "rtsp",
          state: "up",
          reason: "",
          codec: "avc1.42c01f",
          widthPx: 1280,
          heightPx: 720,
          failures: 0,
        },
        button: { lineLost: false },
        uplink: { connection: 3, broker: 0, bytesPerS: 410_000, inFlight: 1 },
        uploads: 0,
        crashes: [],
        counters: { "press.rung": 4, "uplink.connections": 3 },
        countersLeftOut: 0,
      },
    },
  }),
  restart: command({
    description:
      "Ends the agent so that its supervisor starts it again (exit code 75). It answers first. A repeated request never restarts it twice.",
    class: "operator",
    limitMs: 2_000,
    params: params({}),
    result: Type.Object({}),
    example: { params: {}, result: {} },
  }),
  "delete-clip": command({
    description:
      "Removes a clip from the doorbell. One that is on its way is aborted (`clip/{clipId}/abort`) and told as dropped.",
    class: "operator",
    limitMs: 10_000,
    params: params({ clipId: ClipId }),
    result: Type.Object({
      clipId: ClipId,
      bytes: natural("That it took"),
      uploaded: Type.Boolean({ description: "The broker had acknowledged the whole of it" }),
    }),
    example: {
      params: { clipId: EXAMPLE_CLIP },
      result: { clipId: EXAMPLE_CLIP, bytes: 2_630_656, uploaded: true },
    },
  }),
} as const;

export type CommandName = keyof typeof COMMANDS;
export type CommandParams<N extends CommandName> = Static<(typeof COMMANDS)[N]["params"]>;
export type CommandResult<N extends CommandName> = Static<(typeof COMMANDS)[N]["result"]>;

/** Why a request is not done. `field` of a refusal names what in the request it is about, where there is such a thing. */
export const REFUSALS = {
  "bad-request": "The request is not what its declaration says: `field` and `reason` tell where and why",
  "unknown-command": "This version of the agent has no such command",
  "not-allowed": "The setting `commands.allow` leaves its class out",
  conflict: "Its `requestId` was used for another request",
  retained: "It was retained: a broker would repeat it at every connection",
  "too-late": "It has expired, or the doorbell's clock is not synced and cannot tell whether it has",
  busy: "Too many requests, or one at a wrong moment: try again later, under a new `requestId`",
  unavailable:
    "The doorbell cannot do that as it is: it is stopping, or in bell-only mode, or has no such part",
  "camera-down": "There are no pictures now",
  "not-found": "There is no such clip",
  "store-failed": "The disk failed",
  "timed-out": "It was begun and has not come to an end within its time limit",
} as const;
export type RefusalCode = keyof typeof REFUSALS;

/** What a doorbell remembers of its answers, so that a repeated request is answered the same and done once. */
export const REPLY_MEMORY = { most: 256, mostBytes: 131_072, forMs: 600_000 } as const;

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(COMMANDS, name);
}

function command<P extends TObject, R extends TObject>(declaration: CommandDeclaration<P, R>) {
  return declaration;
}
