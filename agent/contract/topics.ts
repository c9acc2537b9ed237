import { CHANNELS, type ChannelName, PARAMETERS, PREFIX } from "./channels.ts";

/** Device ids as they stand in topics. */
export const DEVICE_ID = new RegExp(`^${PARAMETERS.deviceId.pattern}$`);

/** An event goes out on `late/` when the attempt begins more than this after it happened; nothing older rings. */
export const LATE_AFTER_MS = 30_000;

type NamesIn<Address extends string> = Address extends `${string}{${infer Name}}${infer Rest}`
  ? Name | NamesIn<Rest>
  : never;
type ValueOf<Name> = Name extends keyof typeof PARAMETERS
  ? (typeof PARAMETERS)[Name]["isNumber"] extends true
    ? number
    : string
  : never;
type Flat<T> = { [Key in keyof T]: T[Key] };
type ParsedAs<Name extends ChannelName> = Flat<
  ((typeof CHANNELS)[Name] extends { parsedAs: infer Fixed } ? Fixed : { kind: Name }) & {
    [P in NamesIn<(typeof CHANNELS)[Name]["address"]>]: ValueOf<P>;
  }
>;

/** What a topic is for, with the parameters of its address: each kind as `CHANNELS` has it. */
export type ParsedTopic = { [Name in ChannelName]: ParsedAs<Name> }[ChannelName];

/** Writes what stands below the device, from the parameters of the address in their order. */
type Writer = (root: string, ...levels: (string | number)[]) => string;

/** The topics of one device. Asked for at each message: those of the devices that were asked for last are kept. */
export function topicsOf(deviceId: string): Topics {
  const before = madeTopics.get(deviceId);
  if (before) return before;
  if (madeTopics.size >= MOST_MADE) madeTopics.clear();
  const made = makeTopics(deviceId);
  madeTopics.set(deviceId, made);
  return made;
}

type Topics = Readonly<ReturnType<typeof makeTopics>>;
const MOST_MADE = 64;
const madeTopics = new Map<string, Topics>();

function makeTopics(deviceId: string) {
  const root = `${PREFIX}/${deviceId}`;
  return {
    root,
    everything: `${root}/#`,
    status: WRITE.status(root),
    health: WRITE.health(root),
    receipt: WRITE.receipt(root),
    configDesired: WRITE["config-desired"](root),
    configReported: WRITE["config-reported"](root),
    event: (eventType: string, late: boolean) => WRITE[late ? "late" : "event"](root, eventType),
    snapshot: (eventId: string) => WRITE.snapshot(root, eventId),
    clipInit: (clipId: string) => WRITE["clip-init"](root, clipId),
    clipSegment: (clipId: string, offset: number, sha256: string) =>
      WRITE["clip-segment"](root, clipId, offset, sha256),
    clipFin: (clipId: string, bytes: number, sha256: string) =>
      WRITE["clip-fin"](root, clipId, bytes, sha256),
    clipAbort: (clipId: string) => WRITE["clip-abort"](root, clipId),
    commands: WRITE.command(root, "+"),
    command: (name: string) => WRITE.command(root, name),
    reply: (requestId: string) => WRITE.reply(root, requestId),
  };
}

/**
 * Whether a doorbell answers on this response topic: one of nobody's own tree. A topic of ours could be taken for a
 * message of a doorbell, or be a command to one; only its own `reply/` is not.
 */
export function mayAnswerOn(topic: string, deviceId: string): boolean {
  if (topic.length === 0 || topic.length > 256 || /[+#\p{Cc}]/u.test(topic)) return false;
  if (topic.startsWith("$")) return false;
  const first = PREFIX.slice(0, PREFIX.indexOf("/") + 1);
  if (!topic.startsWith(first)) return true;
  const parsed = parseTopic(topic);
  return parsed?.kind === "reply" && parsed.deviceId === deviceId;
}

/** Reads a topic of ours; null for any other. */
export function parseTopic(topic: string): ParsedTopic | null {
  if (!topic.startsWith(BEFORE_DEVICE)) return null;
  const end = topic.indexOf("/", BEFORE_DEVICE.length);
  const deviceId = topic.slice(BEFORE_DEVICE.length, end);
  if (end < 0 || !DEVICE_ID.test(deviceId)) return null;
  const below = topic.slice(end + 1);
  const slash = below.indexOf("/");
  for (const [pattern, make] of READ.get(slash < 0 ? below : below.slice(0, slash)) ?? []) {
    const levels = pattern.exec(below);
    if (levels) return make(deviceId, levels);
  }
  return null;
}

const BEFORE_DEVICE = `${PREFIX}/`;
const ROOT = `${BEFORE_DEVICE}{deviceId}/`;

/** What stands below the device in every address of ours. */
const BELOW = (Object.keys(CHANNELS) as ChannelName[]).flatMap((name) => {
  const { address } = CHANNELS[name];
  return address.startsWith(ROOT) ? [{ name, below: address.slice(ROOT.length) }] : [];
});

const WRITE = Object.fromEntries(BELOW.map(({ name, below }) => [name, writer(below)])) as Record<
  ChannelName,
  Writer
>;

function writer(below: string): Writer {
  const [first = "", ...others] = below.split(/\{\w+\}/);
  const start = `/${first}`;
  if (others.length === 0) return (root) => root + start;
  return (root, ...levels) => {
    let topic = root + start;
    for (let i = 0; i < others.length; i += 1) topic += `${levels[i]}${others[i]}`;
    return topic;
  };
}

/** Makes what was read of the levels that stand for the parameters, from 1 on. */
const MAKE: { [Name in ChannelName]: (deviceId: string, levels: RegExpExecArray) => ParsedAs<Name> } = {
  status: (deviceId) => ({ kind: "status", deviceId }),
  health: (deviceId) => ({ kind: "health", deviceId }),
  receipt: (deviceId) => ({ kind: "receipt", deviceId }),
  "config-desired": (deviceId) => ({ kind: "config-desired", deviceId }),
  "config-reported": (deviceId) => ({ kind: "config-reported", deviceId }),
  event: (deviceId, [, eventType = ""]) => ({ kind: "event", deviceId, eventType, late: false }),
  late: (deviceId, [, eventType = ""]) => ({ kind: "event", deviceId, eventType, late: true }),
  snapshot: (deviceId, [, eventId = ""]) => ({ kind: "snapshot", deviceId, eventId }),
  "clip-init": (deviceId, [, clipId = ""]) => ({ kind: "clip-init", deviceId, clipId }),
  "clip-segment": (deviceId, [, clipId = "", offset = "", sha256 = ""]) => ({
    kind: "clip-segment",
    deviceId,
    clipId,
    offset: Number(offset),
    sha256,
  }),
  "clip-fin": (deviceId, [, clipId = "", bytes = "", sha256 = ""]) => ({
    kind: "clip-fin",
    deviceId,
    clipId,
    bytes: Number(bytes),
    sha256,
  }),
  "clip-abort": (deviceId, [, clipId = ""]) => ({ kind: "clip-abort", deviceId, clipId }),
  command: (deviceId, [, name = ""]) => ({ kind: "command", deviceId, name }),
  reply: (deviceId, [, requestId = ""]) => ({ kind: "reply", deviceId, requestId }),
};

type Reader = [RegExp, (deviceId: string, levels: RegExpExecArray) => ParsedTopic];

/** By the first level below the device. */
const READ = new Map<string, Reader[]>();
for (const { name, below } of BELOW) {
  const [first = ""] = below.split("/", 1);
  const levels = below.replaceAll(
    /\{(\w+)\}/g,
    (_, parameter: keyof typeof PARAMETERS) => `(${PARAMETERS[parameter].pattern})`,
  );
  READ.set(first, [...(READ.get(first) ?? []), [new RegExp(`^${levels}$`), MAKE[name]]]);
}
