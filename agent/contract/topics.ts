/** Version of the wire: within it fields are added and never change their meaning. */
const PREFIX = "porchlight/v1";

/** Device ids as they stand in topics. */
export const DEVICE_ID = /^[a-z0-9-]{3,36}$/;

/** An event goes out on `late/` when the attempt begins more than this after it happened; nothing older rings. */
export const LATE_AFTER_MS = 30_000;

/** What a topic is for, from its levels below the device. */
export type ParsedTopic =
  | { kind: "status"; deviceId: string }
  | { kind: "event"; deviceId: string; eventType: string; late: boolean }
  | { kind: "snapshot"; deviceId: string; eventId: string }
  | { kind: "clip-init"; deviceId: string; clipId: string }
  | { kind: "clip-segment"; deviceId: string; clipId: string; offset: number; sha256: string }
  | { kind: "clip-fin"; deviceId: string; clipId: string; bytes: number; sha256: string }
  | { kind: "clip-abort"; deviceId: string; clipId: string }
  | { kind: "receipt"; deviceId: string }
  | { kind: "config-desired"; deviceId: string }
  | { kind: "config-reported"; deviceId: string }
  | { kind: "health"; deviceId: string };

/** The topics of one device. */
export function topicsOf(deviceId: string) {
  const root = `${PREFIX}/${deviceId}`;
  return {
    root,
    everything: `${root}/#`,
    status: `${root}/status`,
    health: `${root}/health`,
    receipt: `${root}/receipt`,
    configDesired: `${root}/config/desired`,
    configReported: `${root}/config/reported`,
    event: (eventType: string, late: boolean) => `${root}/${late ? "late" : "event"}/${eventType}`,
    snapshot: (eventId: string) => `${root}/snapshot/${eventId}`,
    clipInit: (clipId: string) => `${root}/clip/${clipId}/init`,
    clipSegment: (clipId: string, offset: number, sha256: string) =>
      `${root}/clip/${clipId}/${offset}/${sha256}`,
    clipFin: (clipId: string, bytes: number, sha256: string) =>
      `${root}/clip/${clipId}/fin/${bytes}/${sha256}`,
    clipAbort: (clipId: string) => `${root}/clip/${clipId}/abort`,
  };
}

const ID = "[A-Za-z0-9_-]{1,64}";
const SHA256 = "[0-9a-f]{64}";
const SIZE = "(?:0|[1-9][0-9]{0,14})";
type Reader = [RegExp, (deviceId: string, levels: string[]) => ParsedTopic];
const EVENT: Reader[] = [
  [
    /^(event|late)\/([a-z-]{1,32})$/,
    (deviceId, [lane = "", eventType = ""]) => ({
      kind: "event",
      deviceId,
      eventType,
      late: lane === "late",
    }),
  ],
];
/** By the first level below the device. */
const BELOW: Record<string, Reader[]> = {
  status: [[/^status$/, (deviceId) => ({ kind: "status", deviceId })]],
  health: [[/^health$/, (deviceId) => ({ kind: "health", deviceId })]],
  receipt: [[/^receipt$/, (deviceId) => ({ kind: "receipt", deviceId })]],
  config: [
    [/^config\/desired$/, (deviceId) => ({ kind: "config-desired", deviceId })],
    [/^config\/reported$/, (deviceId) => ({ kind: "config-reported", deviceId })],
  ],
  event: EVENT,
  late: EVENT,
  snapshot: [
    [
      new RegExp(`^snapshot/(${ID})$`),
      (deviceId, [eventId = ""]) => ({ kind: "snapshot", deviceId, eventId }),
    ],
  ],
  clip: [
    [
      new RegExp(`^clip/(${ID})/(${SIZE})/(${SHA256})$`),
      (deviceId, [clipId = "", offset = "", sha256 = ""]) => ({
        kind: "clip-segment",
        deviceId,
        clipId,
        offset: Number(offset),
        sha256,
      }),
    ],
    [
      new RegExp(`^clip/(${ID})/init$`),
      (deviceId, [clipId = ""]) => ({ kind: "clip-init", deviceId, clipId }),
    ],
    [
      new RegExp(`^clip/(${ID})/fin/(${SIZE})/(${SHA256})$`),
      (deviceId, [clipId = "", bytes = "", sha256 = ""]) => ({
        kind: "clip-fin",
        deviceId,
        clipId,
        bytes: Number(bytes),
        sha256,
      }),
    ],
    [
      new RegExp(`^clip/(${ID})/abort$`),
      (deviceId, [clipId = ""]) => ({ kind: "clip-abort", deviceId, clipId }),
    ],
  ],
};

/** Reads a topic of ours; null for any other. */
export function parseTopic(topic: string): ParsedTopic | null {
  if (!topic.startsWith(`${PREFIX}/`)) return null;
  const end = topic.indexOf("/", PREFIX.length + 1);
  const deviceId = topic.slice(PREFIX.length + 1, end);
  if (end < 0 || !DEVICE_ID.test(deviceId)) return null;
  const below = topic.slice(end + 1);
  const [first = ""] = below.split("/", 1);
  if (!Object.hasOwn(BELOW, first)) return null;
  for (const [pattern, make] of BELOW[first] ?? []) {
    const match = pattern.exec(below);
    if (match) return make(deviceId, match.slice(1));
  }
  return null;
}
