import { type Static, Type } from "typebox";

const Epoch = Type.String({ pattern: "^[0-9a-f]{16}$" });
const Sequence = Type.Integer({ minimum: 1, maximum: 2147483647 });
const natural = (description: string) => Type.Integer({ minimum: 0, description });

/** `status`, retained, and the last will (as `offline`). A status of an older connection or epoch never wins. */
export const StatusMessage = Type.Object({
  state: Type.Enum(["online", "stopped", "offline"]),
  epoch: Epoch,
  connection: Type.Integer({ minimum: 1, description: "Counts the connections of this epoch" }),
  epochNumber: natural(
    "Counts the starts on this data folder, anew where its store was set aside; 0 when there is none",
  ),
  mode: Type.Enum(["normal", "bell-only"]),
  store: Type.Enum(["durable", "memory"], {
    description: "`memory`: what is not delivered is lost with the power",
  }),
});
export type StatusMessage = Static<typeof StatusMessage>;

/** `receipt`, from the consumer: what it has stored, as ranges of one epoch, both ends included. */
export const ReceiptMessage = Type.Object({
  epoch: Epoch,
  press: Type.Array(Type.Tuple([Sequence, Sequence]), { maxItems: 64 }),
  event: Type.Array(Type.Tuple([Sequence, Sequence]), { maxItems: 64 }),
});
export type ReceiptMessage = Static<typeof ReceiptMessage>;

/** `health`: counters since the start, and what waits. Nothing about the place. */
export const HealthMessage = Type.Object({
  epoch: Epoch,
  uptimeMs: natural("Since the start"),
  mode: Type.Enum(["normal", "bell-only"]),
  camera: Type.Enum(["off", "starting", "up", "down"]),
  store: Type.Enum(["opening", "durable", "memory"]),
  outboxRows: natural("Messages that are not settled"),
  outboxBytes: natural("Their size"),
  counters: Type.Record(Type.String({ maxLength: 64 }), natural("A count")),
});
export type HealthMessage = Static<typeof HealthMessage>;

/** `clip/{clipId}/init`: EMQX file transfer (EIP-0021) `init`, with what a consumer needs in `user_data`. */
export const ClipInitMessage = Type.Object({
  name: Type.String({ maxLength: 240, pattern: "^[^/\\\\:]+$" }),
  segments_ttl: Type.Integer({
    minimum: 1,
    description: "Seconds that a broker keeps segments of an unfinished clip",
  }),
  user_data: Type.Object({
    deviceId: Type.String(),
    clipId: Type.String(),
    eventId: Type.String({ description: "The press or the start of the motion that it belongs to" }),
    trigger: Type.Enum(["press", "motion", "command"]),
    epoch: Epoch,
    contentType: Type.Literal("application/x-tar"),
    eventTime: Type.String({ format: "date-time", description: "When that event happened" }),
    codec: Type.String({
      description: "RFC 6381: of the video, and of the sound after a comma if there is any",
    }),
    widthPx: natural("Of the video"),
    heightPx: natural("Of the video"),
    continues: Type.String({ description: "The clip that this one goes on from, or empty" }),
  }),
});
export type ClipInitMessage = Static<typeof ClipInitMessage>;

/** `manifest`, the last file in a clip's tar: what it is and what is in it. */
export const ClipManifest = Type.Object({
  version: Type.Literal(1),
  clipId: Type.String(),
  eventId: Type.String(),
  end: Type.Enum(["finished", "seam", "camera-lost", "interrupted", "store-failed"], {
    description: "Only `finished` is whole",
  }),
  preRollMs: natural("Pre-roll really in the file"),
  durationMs: natural("Of the video"),
  about: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Null()])),
  files: Type.Array(
    Type.Object({
      name: Type.String(),
      bytes: natural("Size"),
      sha256: Type.String({ pattern: "^[0-9a-f]{64}$" }),
    }),
  ),
});
export type ClipManifest = Static<typeof ClipManifest>;

/** Names in a clip's tar, in this order. Joining init and fragments gives the MP4. */
export const CLIP_FILES = {
  init: "init.mp4",
  fragment: (number: number) => `${String(number).padStart(6, "0")}.m4s`,
  manifest: "manifest.json",
} as const;
