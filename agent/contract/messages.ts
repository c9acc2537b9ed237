import { type Static, Type } from "typebox";

const Epoch = Type.String({
  pattern: "^[0-9a-f]{16}$",
  description: "The start of the agent that this is of",
});
const Mode = Type.Enum(["normal", "bell-only"], {
  description: "`bell-only` after three crashes within a minute: no camera, and nothing is listened to",
});
const Ranges = (description: string) =>
  Type.Array(Type.Tuple([Sequence, Sequence]), { maxItems: 64, description });
const Sequence = Type.Integer({ minimum: 1, maximum: 2147483647 });
const natural = (description: string) => Type.Integer({ minimum: 0, description });

/** `status`, retained, and the last will (as `offline`). A status of an older connection or epoch never wins. */
export const StatusMessage = Type.Object({
  state: Type.Enum(["online", "stopped", "offline"], {
    description: "`stopped` was meant, `offline` is the last will",
  }),
  epoch: Epoch,
  connection: Type.Integer({ minimum: 1, description: "Counts the connections of this epoch" }),
  epochNumber: natural(
    "Counts the starts on this data folder, anew where its store was set aside; 0 when there is none",
  ),
  mode: Mode,
  store: Type.Enum(["durable", "memory"], {
    description: "`memory`: what is not delivered is lost with the power",
  }),
});
export type StatusMessage = Static<typeof StatusMessage>;

/** `receipt`, from the consumer: what it has stored, as ranges of one epoch, both ends included. */
export const ReceiptMessage = Type.Object({
  epoch: Epoch,
  press: Ranges("Numbers of presses, from and to"),
  event: Ranges("Numbers of other events, from and to"),
});
export type ReceiptMessage = Static<typeof ReceiptMessage>;

export const CAMERA_STATES = ["off", "starting", "up", "down"] as const;

/** `health`: counters since the start, and what waits. Nothing about the place. */
export const HealthMessage = Type.Object({
  epoch: Epoch,
  uptimeMs: natural("Since the start"),
  mode: Mode,
  camera: Type.Enum(CAMERA_STATES, { description: "`off`: none is configured" }),
  motion: Type.Optional(Type.Boolean({ description: "Something moves before the camera" })),
  clock: Type.Optional(
    Type.Enum(["synced", "estimated"], { description: "How far its times can be trusted" }),
  ),
  store: Type.Enum(["opening", "durable", "memory"], {
    description: "`memory`: what is not delivered is lost with the power",
  }),
  outboxRows: natural("Messages that are not settled"),
  outboxBytes: natural("Their size"),
  counters: Type.Record(Type.String({ maxLength: 64 }), natural("A count"), {
    description: "By dotted names; those that are 0 are left out",
  }),
});
export type HealthMessage = Static<typeof HealthMessage>;

/** `clip/{clipId}/init`: EMQX file transfer (EIP-0021) `init`, with what a consumer needs in `user_data`. */
export const ClipInitMessage = Type.Object({
  name: Type.String({ maxLength: 240, pattern: "^[^/\\\\:]+$", description: "Name of the file" }),
  segments_ttl: Type.Integer({
    minimum: 1,
    description: "Seconds that a broker keeps segments of an unfinished clip",
  }),
  user_data: Type.Object(
    {
      deviceId: Type.String({ description: "As in the topic" }),
      clipId: Type.String({ description: "As in the topic" }),
      eventId: Type.String({ description: "The press or the start of the motion that it belongs to" }),
      trigger: Type.Enum(["press", "motion"], { description: "What that event is" }),
      requested: Type.Optional(
        Type.Boolean({
          description:
            "True: nothing happened, somebody asked for it with the command `record`; `trigger` is `motion` then, for consumers that do not know this field",
        }),
      ),
      epoch: Epoch,
      contentType: Type.Literal("application/x-tar", { description: "Of the whole file" }),
      eventTime: Type.String({ format: "date-time", description: "When that event happened" }),
      codec: Type.String({
        description: "RFC 6381: of the video, and of the sound after a comma if there is any",
      }),
      widthPx: natural("Of the video"),
      heightPx: natural("Of the video"),
      continues: Type.String({ description: "The clip that this one goes on from, or empty" }),
    },
    { description: "What a consumer needs, before the first byte" },
  ),
});
export type ClipInitMessage = Static<typeof ClipInitMessage>;

/** `manifest`, the last file in a clip's tar: what it is and what is in it. */
export const ClipManifest = Type.Object({
  version: Type.Literal(1, { description: "Of this format" }),
  clipId: Type.String({ description: "The clip" }),
  eventId: Type.String({ description: "The press or the start of the motion that it belongs to" }),
  end: Type.Enum(["finished", "seam", "camera-lost", "interrupted", "store-failed"], {
    description: "Only `finished` is whole",
  }),
  preRollMs: natural("Pre-roll really in the file"),
  durationMs: natural("Of the video"),
  about: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Null()]), {
    description: "What was known of the clip when it began: as `user_data` of its `init`, and more",
  }),
  files: Type.Array(
    Type.Object({
      name: Type.String({ description: "As in the tar" }),
      bytes: natural("Size"),
      sha256: Type.String({ pattern: "^[0-9a-f]{64}$", description: "SHA-256" }),
    }),
    { description: "Every file before this one, in the order of the tar" },
  ),
});
export type ClipManifest = Static<typeof ClipManifest>;

/** Names in a clip's tar, in this order. Joining init and fragments gives the MP4. */
export const CLIP_FILES = {
  init: "init.mp4",
  fragment: (number: number) => `${String(number).padStart(6, "0")}.m4s`,
  manifest: "manifest.json",
} as const;
