import type { StillFailed, StillTaken } from "../../device/ports/camera.ts";
import type { ClipClosed, ClipFailed, ClipOpened } from "../../device/ports/fragment-store.ts";
import type { ClipInitMessage } from "../contract/messages.ts";
import { tellClip } from "./clip-events.ts";
import { recordEvent } from "./events.ts";
import { showState } from "./light.ts";
import { previewMaxBytes, segmentBytes } from "./pacing.ts";
import { utcAt } from "./time.ts";
import { clearTimer, setTimer } from "./timers.ts";
import { act, count, say, type Turn } from "./turn.ts";
import { addUpload, forgetUpload, uploadOf } from "./uploads.ts";

/** Which clip is being recorded, and until when. The video itself never comes here. */
export interface RecorderState {
  clip: RecordingClip | null;
  /** A clip that ended before its time because the stream began anew: what is left of it goes into another. */
  unfinished: {
    continues: string;
    trigger: Trigger;
    eventId: string;
    eventAtMs: number;
    endsAtMs: number;
    latestEndMs: number;
  } | null;
  /** Clips of this epoch so far; numbers their ids. */
  clips: number;
  /** Presses whose still has been asked for. */
  stills: { eventId: string; eventAtMs: number }[];
}

type Trigger = ClipInitMessage["user_data"]["trigger"] | "command";

interface RecordingClip {
  clipId: string;
  trigger: Trigger;
  eventId: string;
  eventAtMs: number;
  endsAtMs: number;
  latestEndMs: number;
  closing: boolean;
}

const MOST_STILLS_ASKED = 8;
/** What is left of an interrupted clip is worth another one only if it is longer than this. */
const SHORTEST_CONTINUATION_MS = 1_000;
/** A broker that stores clips itself may forget an unfinished one after this. */
const SEGMENTS_TTL_S = 14 * 24 * 3_600;

export function newRecorder(): RecorderState {
  return { clip: null, unfinished: null, clips: 0, stills: [] };
}

/** Somebody rang, or something moves: takes a still and records, or records on. */
export function recordAround(turn: Turn, trigger: Trigger, eventId: string, eventAtMs: number): void {
  const { camera, lifecycle, settings } = turn.state;
  if (settings.camera.source === "none" || lifecycle.mode !== "normal") return;
  if (camera.state === "up") askForStill(turn, eventId, eventAtMs);
  if (recordOn(turn)) return;
  if (camera.state !== "up") {
    count(turn, "clips.failed");
    tellClip(turn, "failed", { eventId, reason: `camera is ${camera.state}` });
    return;
  }
  openClip(turn, {
    trigger,
    eventId,
    eventAtMs,
    fromMs: eventAtMs - settings.clip.preRollMs,
    endsAtMs: turn.now + settings.clip.postRollMs,
    latestEndMs: turn.now + settings.clip.maxMs,
    continues: "",
  });
}

/** The clip that is being recorded, if there is one, lasts a post-roll longer from now, up to the longest. */
export function recordOn(turn: Turn): boolean {
  const { recorder, settings } = turn.state;
  const { clip } = recorder;
  if (!clip || clip.closing) return false;
  goOn(turn, clip, settings.clip.postRollMs);
  return true;
}

/**
 * Somebody asked for a clip: begins one under the id `eventId`, or lets the one that is being recorded go on for so
 * long. Null when there are no pictures.
 */
export function recordNow(
  turn: Turn,
  eventId: string,
  durationMs: number,
): { clipId: string; began: boolean } | null {
  const { camera, recorder, settings } = turn.state;
  const { clip } = recorder;
  if (clip && !clip.closing) {
    goOn(turn, clip, durationMs);
    return { clipId: clip.clipId, began: false };
  }
  if (camera.state !== "up") return null;
  const { maxMs, preRollMs } = settings.clip;
  const clipId = openClip(turn, {
    trigger: "command",
    eventId,
    eventAtMs: turn.now,
    fromMs: turn.now - preRollMs,
    endsAtMs: turn.now + Math.min(maxMs, durationMs),
    latestEndMs: turn.now + maxMs,
    continues: "",
  });
  return { clipId, began: true };
}

/** It may have been told to last longer than this already. */
function goOn(turn: Turn, clip: RecordingClip, forMs: number): void {
  clip.endsAtMs = Math.min(clip.latestEndMs, Math.max(clip.endsAtMs, turn.now + forMs));
  setTimer(turn, "recorder.close", clip.endsAtMs);
}

/** Pictures come again: goes on with a clip that the break cut short. */
export function continueClip(turn: Turn): void {
  const { recorder } = turn.state;
  const rest = recorder.unfinished;
  if (!rest || recorder.clip) return;
  recorder.unfinished = null;
  if (rest.endsAtMs - turn.now < SHORTEST_CONTINUATION_MS) return;
  openClip(turn, { ...rest, fromMs: turn.now });
}

/** The clip has lasted long enough, unless what it is of still moves. */
export function closeTimerFired(turn: Turn): void {
  const { motion, recorder, settings } = turn.state;
  const mayGoOn = turn.now < (recorder.clip?.latestEndMs ?? 0);
  if (motion.moving && settings.motion.recordClip && mayGoOn) recordOn(turn);
  else closeClip(turn);
}

/** Ends the clip that is being recorded, if there is one. */
export function closeClip(turn: Turn): void {
  const clip = turn.state.recorder.clip;
  clearTimer(turn, "recorder.close");
  if (!clip || clip.closing) return;
  clip.closing = true;
  act(turn, { type: "clip.close", clipId: clip.clipId, atMs: turn.now });
}

export function clipOpened(turn: Turn, input: ClipOpened): void {
  const clip = turn.state.recorder.clip;
  if (clip?.clipId !== input.clipId) return;
  tellClip(turn, "recording", {
    clipId: input.clipId,
    eventId: clip.eventId,
    preRollMs: input.preRollMs,
    continues: uploadOf(turn, input.clipId)?.continues ?? "",
  });
}

export function clipFailed(turn: Turn, input: ClipFailed): void {
  const clip = turn.state.recorder.clip;
  const eventId = clip?.clipId === input.clipId ? clip.eventId : "";
  count(turn, "clips.failed");
  say(turn, "warn", `no clip: ${input.reason}`, { clipId: input.clipId });
  forgetUpload(turn, input.clipId);
  tellClip(turn, "failed", { clipId: input.clipId, eventId, reason: input.reason.slice(0, 200) });
  if (clip?.clipId === input.clipId) clipIsOver(turn);
}

/** The clip's file is complete: tells how it ended, and goes on in another one if it ended too early. */
export function clipClosed(turn: Turn, input: ClipClosed): void {
  const { recorder } = turn.state;
  const { closing, clipId } = input;
  const clip = recorder.clip;
  const upload = uploadOf(turn, clipId);
  count(turn, closing.end === "finished" ? "clips.finished" : "clips.cutShort");
  tellClip(
    turn,
    "recorded",
    {
      clipId,
      eventId: upload?.eventId ?? clip?.eventId ?? "",
      preRollMs: closing.preRollMs,
      end: closing.end,
      bytes: closing.bytes,
      sha256: closing.sha256,
      durationMs: closing.durationMs,
      continues: upload?.continues ?? "",
    },
    clipId,
  );
  if (clip?.clipId !== clipId) return;
  const cutShort = closing.end === "seam" || closing.end === "camera-lost";
  if (cutShort && !clip.closing && clip.endsAtMs - turn.now >= SHORTEST_CONTINUATION_MS) {
    recorder.unfinished = {
      continues: clipId,
      trigger: clip.trigger,
      eventId: clip.eventId,
      eventAtMs: clip.eventAtMs,
      endsAtMs: clip.endsAtMs,
      latestEndMs: clip.latestEndMs,
    };
  }
  clipIsOver(turn);
  // The new stream may have been announced before the old clip was closed.
  if (turn.state.camera.state === "up" && turn.state.camera.upSinceMs >= clip.eventAtMs) continueClip(turn);
}

export function stillTaken(turn: Turn, input: StillTaken): void {
  const asked = stillAnswered(turn, input.eventId);
  if (!asked) return;
  recordEvent(
    turn,
    "snapshot",
    input.occurredAt,
    {
      eventId: input.eventId,
      state: "taken",
      reason: "",
      widthPx: input.widthPx,
      heightPx: input.heightPx,
      bytes: input.bytes,
      sha256: input.sha256,
      frameOffsetMs: input.frameAtMs - asked.eventAtMs,
    },
    { stillOf: input.eventId },
  );
}

export function stillFailed(turn: Turn, input: StillFailed): void {
  if (!stillAnswered(turn, input.eventId)) return;
  count(turn, "stills.failed");
  say(turn, "warn", `no snapshot: ${input.reason}`, { eventId: input.eventId });
  recordEvent(turn, "snapshot", input.occurredAt, {
    eventId: input.eventId,
    state: "failed",
    reason: input.reason.slice(0, 200),
    widthPx: 0,
    heightPx: 0,
    bytes: 0,
    sha256: "",
    frameOffsetMs: 0,
  });
}

/** The answer is an event, and the picture is on `snapshot/{eventId}`. */
export function askForStill(turn: Turn, eventId: string, eventAtMs: number): void {
  const { recorder } = turn.state;
  recorder.stills.push({ eventId, eventAtMs });
  if (recorder.stills.length > MOST_STILLS_ASKED) recorder.stills.shift();
  act(turn, { type: "camera.take-still", eventId, atMs: eventAtMs, maxBytes: previewMaxBytes(turn) });
}

function stillAnswered(turn: Turn, eventId: string): { eventAtMs: number } | undefined {
  const { recorder } = turn.state;
  const asked = recorder.stills.find((still) => still.eventId === eventId);
  recorder.stills = recorder.stills.filter((still) => still !== asked);
  return asked;
}

function openClip(
  turn: Turn,
  wanted: {
    trigger: Trigger;
    eventId: string;
    eventAtMs: number;
    fromMs: number;
    endsAtMs: number;
    latestEndMs: number;
    continues: string;
  },
): string {
  const { camera, lifecycle, recorder, settings } = turn.state;
  recorder.clips += 1;
  const clipId = `${lifecycle.epoch}-c${recorder.clips}`;
  const initBody = clipInit(turn, clipId, wanted);
  recorder.clip = {
    clipId,
    trigger: wanted.trigger,
    eventId: wanted.eventId,
    eventAtMs: wanted.eventAtMs,
    endsAtMs: wanted.endsAtMs,
    latestEndMs: wanted.latestEndMs,
    closing: false,
  };
  addUpload(turn, { clipId, eventId: wanted.eventId, continues: wanted.continues, initBody });
  act(turn, {
    type: "clip.open",
    clipId,
    eventId: wanted.eventId,
    fromMs: wanted.fromMs,
    eventAtMs: wanted.eventAtMs,
    segmentBytes: segmentBytes(turn),
    initBody,
    manifest: {
      deviceId: settings.device.id,
      pressUtcMs: utcAt(turn, wanted.eventAtMs),
      timeTrust: turn.state.time.trust,
      codec: codecs(camera),
      widthPx: camera.widthPx,
      heightPx: camera.heightPx,
      continues: wanted.continues,
    },
  });
  setTimer(turn, "recorder.close", wanted.endsAtMs);
  showState(turn);
  return clipId;
}

function clipInit(
  turn: Turn,
  clipId: string,
  wanted: { trigger: Trigger; eventId: string; eventAtMs: number; continues: string },
): string {
  const { camera, lifecycle, settings } = turn.state;
  const message: ClipInitMessage = {
    name: `${clipId}.tar`,
    segments_ttl: SEGMENTS_TTL_S,
    user_data: {
      deviceId: settings.device.id,
      clipId,
      eventId: wanted.eventId,
      ...(wanted.trigger === "command"
        ? { trigger: "motion", requested: true }
        : { trigger: wanted.trigger }),
      epoch: lifecycle.epoch,
      contentType: "application/x-tar",
      eventTime: new Date(utcAt(turn, wanted.eventAtMs)).toISOString(),
      codec: codecs(camera),
      widthPx: camera.widthPx,
      heightPx: camera.heightPx,
      continues: wanted.continues,
    },
  };
  return JSON.stringify(message);
}

/** RFC 6381 §3.3: the codecs of a file stand side by side. */
function codecs({ codec, soundCodec }: { codec: string; soundCodec: string }): string {
  return soundCodec === "" ? codec : `${codec},${soundCodec}`;
}

function clipIsOver(turn: Turn): void {
  turn.state.recorder.clip = null;
  clearTimer(turn, "recorder.close");
  showState(turn);
}
