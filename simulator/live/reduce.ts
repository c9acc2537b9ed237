import type { Happening } from "./happenings.ts";
import type { ClipModel, LiveModel } from "./model.ts";

const EVENTS_KEPT = 200;
const CLIPS_KEPT = 50;

/** The model after one happening. Pure: neither argument is changed. */
export function reduce(model: LiveModel, happening: Happening): LiveModel {
  return {
    ...model,
    ...changes(model, happening),
    nowMs: Math.max(model.nowMs, happening.atMs),
    utcMs: Math.max(model.utcMs, happening.utcMs),
  };
}

function changes(model: LiveModel, happening: Happening): Partial<LiveModel> {
  switch (happening.what) {
    case "started":
      return { device: happening.device };
    case "light":
      return { light: happening.pattern };
    case "chime":
      return { rings: model.rings + 1 };
    case "button":
      return { buttonIsDown: happening.down };
    case "camera-up": {
      const { source, codec, widthPx, heightPx, video, atMs } = happening;
      const camera = {
        source,
        codec,
        widthPx,
        heightPx,
        video,
        state: "up",
        reason: "",
        upSinceMs: atMs,
      } as const;
      return { camera };
    }
    case "camera-down":
      return { camera: { ...model.camera, state: "down", reason: happening.reason } };
    case "uplink": {
      const { phase, url, protocol, detail } = happening;
      return {
        uplink: { ...model.uplink, phase, url, protocol, detail: detail || keptDetail(model, phase) },
      };
    }
    case "queues": {
      const { inFlight, outboxRows, store } = happening;
      return { uplink: { ...model.uplink, inFlight, outboxRows, store } };
    }
    case "event":
      return { events: [...model.events, eventOf(happening)].slice(-EVENTS_KEPT) };
    case "broker":
      return { brokerIsOn: happening.on };
    case "consumer":
      return { consumer: { connected: happening.connected, detail: happening.detail } };
    case "refused":
      return { notice: { text: happening.detail, atMs: happening.atMs } };
    case "log":
      return happening.level === "warn" || happening.level === "error"
        ? { notice: { text: happening.message, atMs: happening.atMs } }
        : {};
    case "snapshot":
    case "snapshot-failed":
    case "ring-full":
    case "status":
    case "gap":
      return {};
    default:
      return { clips: withClip(model.clips, happening) };
  }
}

/** Why the last connection ended is worth showing until the next one stands. */
function keptDetail(model: LiveModel, phase: string): string {
  return phase === "connected" ? "" : model.uplink.detail;
}

function eventOf(happening: Happening & { what: "event" }): LiveModel["events"][number] {
  const { utcMs, type, lane, sequence, topic, late, afterPressMs, summary } = happening;
  return { utcMs, type, lane, sequence, topic, late, afterPressMs, summary };
}

type ClipHappening = Extract<Happening, { clipId: string }>;

function withClip(clips: readonly ClipModel[], happening: ClipHappening): ClipModel[] {
  const known = clips.find(({ clipId }) => clipId === happening.clipId);
  const clip = { ...(known ?? newClip(happening.clipId)), ...clipChanges(happening) };
  if (!known) return [...clips, clip].slice(-CLIPS_KEPT);
  return clips.map((one) => (one === known ? clip : one));
}

function clipChanges(happening: ClipHappening): Partial<ClipModel> {
  switch (happening.what) {
    case "clip-recording": {
      const { atMs, preRollMs, endsAtMs } = happening;
      return { startsAtMs: atMs - preRollMs, endsAtMs };
    }
    case "clip-extended":
      return { endsAtMs: happening.endsAtMs };
    case "clip-stopping":
      return { endsAtMs: happening.atMs };
    case "clip-grew":
      return { recordedBytes: happening.recordedBytes };
    case "clip-recorded": {
      const { bytes, durationMs, end } = happening;
      return { state: "recorded", recordedBytes: bytes, durationMs, remark: end === "finished" ? "" : end };
    }
    case "clip-sent":
      return { sentBytes: happening.sentBytes };
    case "clip-received":
    case "clip-verified":
      return { receivedBytes: happening.receivedBytes };
    case "clip-whole": {
      const { durationMs, path, bytes, end } = happening;
      return { state: "whole", durationMs, path, fileBytes: bytes, remark: end === "finished" ? "" : end };
    }
    case "clip-given-up":
      return { state: "given-up", remark: happening.reason };
  }
}

function newClip(clipId: string): ClipModel {
  return {
    clipId,
    startsAtMs: 0,
    endsAtMs: 0,
    recordedBytes: 0,
    sentBytes: 0,
    receivedBytes: 0,
    state: "recording",
    durationMs: 0,
    remark: "",
    path: "",
    fileBytes: 0,
  };
}
