import type { StillFailed, StillTaken } from "../../device/ports/camera.ts";
import type {
  ClipDeleted,
  ClipFailed,
  ClipListing,
  ClipOpened,
  ClipRequeued,
  ClipsListed,
} from "../../device/ports/fragment-store.ts";
import type { CommandName, CommandParams, CommandResult, ListedClip } from "../contract/commands.ts";
import type { ClipInitMessage } from "../contract/messages.ts";
import { type Begun, finishCommand, type Outcome, refusedAs } from "./command-ends.ts";
import type { UnderWay } from "./commands-state.ts";
import { diagnose } from "./diagnostics.ts";
import { replyMaxBytes } from "./pacing.ts";
import { askForStill, recordNow } from "./recorder.ts";
import { beginSelfTest } from "./self-test.ts";
import { act, type Turn } from "./turn.ts";
import { clipDeleted, lookForClips, uploadOf } from "./uploads.ts";

/** A supervisor gives up on what starts too often (systemd: five times in ten seconds). */
const RESTART_NOT_BEFORE_MS = 10_000;
const CLIPS_A_PAGE = 20;
/** A clip in a list, and what stands around them. */
const LISTED_BYTES = 320;
const LIST_OVERHEAD_BYTES = 320;

/** Begins to do what was asked; its parameters are right. */
export function beginWork(turn: Turn, name: CommandName, requestId: string, params: object): Begun {
  switch (name) {
    case "chime":
      act(turn, { type: "chime.play", sound: "ring" });
      return done<"chime">({});
    case "snapshot":
      return snapshot(turn);
    case "record":
      return record(turn, params as CommandParams<"record">);
    case "list-clips":
      return listClips(turn, params as CommandParams<"list-clips">);
    case "fetch-clip":
      return fetchClip(turn, params as CommandParams<"fetch-clip">);
    case "delete-clip":
      return deleteClip(turn, params as CommandParams<"delete-clip">);
    case "self-test":
      return beginSelfTest(turn, requestId);
    case "diagnostics":
      return done<"diagnostics">(diagnose(turn));
    case "restart":
      return restart(turn);
  }
}

/** A picture that somebody asked for is there. */
export function askedStillTaken(turn: Turn, input: StillTaken): void {
  const request = find(turn, ({ waits }) => waits.for === "still" && waits.eventId === input.eventId);
  if (!request) return;
  const { eventId, widthPx, heightPx, bytes, sha256, frameAtMs } = input;
  const frameOffsetMs = frameAtMs - request.sinceMs;
  const result = { eventId, widthPx, heightPx, bytes, sha256, frameOffsetMs };
  finishCommand(turn, request, done<"snapshot">(result));
}

export function askedStillFailed(turn: Turn, input: StillFailed): void {
  const request = find(turn, ({ waits }) => waits.for === "still" && waits.eventId === input.eventId);
  if (request) finishCommand(turn, request, refusedAs("camera-down", input.reason));
}

export function askedClipOpened(turn: Turn, { clipId }: ClipOpened): void {
  const request = find(turn, ({ waits }) => waits.for === "clip" && waits.clipId === clipId);
  if (request) finishCommand(turn, request, done<"record">({ clipId, began: true }));
}

export function askedClipFailed(turn: Turn, { clipId, reason }: ClipFailed): void {
  const request = find(turn, ({ waits }) => waits.for === "clip" && waits.clipId === clipId);
  if (request) finishCommand(turn, request, refusedAs("camera-down", reason));
}

export function clipsListed(turn: Turn, input: ClipsListed): void {
  const request = findAsking(turn, input.request);
  if (!request) return;
  const outcome = input.found
    ? done<"list-clips">({ clips: input.clips.map(listed), more: input.more })
    : refusedAs("not-found", "there is no such clip", "/params/before");
  finishCommand(turn, request, outcome);
}

export function clipRequeued(turn: Turn, input: ClipRequeued): void {
  if (input.outcome === "done") lookForClips(turn);
  const request = findAsking(turn, input.request);
  if (!request) return;
  const { clipId, bytes, sha256, outcome } = input;
  finishCommand(turn, request, refusalOf(outcome) ?? done<"fetch-clip">({ clipId, bytes, sha256 }));
}

/** What was deleted is gone, whether or not somebody still waits for the answer. */
export function askedClipDeleted(turn: Turn, input: ClipDeleted): void {
  const { clipId, bytes, uploaded, outcome } = input;
  if (outcome === "done") clipDeleted(turn, input);
  const request = findAsking(turn, input.request);
  if (request)
    finishCommand(turn, request, refusalOf(outcome) ?? done<"delete-clip">({ clipId, bytes, uploaded }));
}

function snapshot(turn: Turn): Begun {
  const { camera } = turn.state;
  if (camera.state !== "up") return noPicture(turn);
  const eventId = newId(turn);
  askForStill(turn, eventId, turn.now);
  return { kind: "waits", waits: { for: "still", eventId } };
}

function record(
  turn: Turn,
  { durationMs = turn.state.settings.clip.postRollMs }: CommandParams<"record">,
): Begun {
  const clip = recordNow(turn, newId(turn), durationMs);
  if (!clip) return noPicture(turn);
  const { clipId, began } = clip;
  return began ? { kind: "waits", waits: { for: "clip", clipId } } : done<"record">({ clipId, began });
}

function noPicture(turn: Turn): Begun {
  const { camera, settings } = turn.state;
  if (settings.camera.source === "none") return refusedAs("unavailable", "it has no camera");
  return refusedAs("camera-down", camera.reason === "" ? `camera is ${camera.state}` : camera.reason);
}

function listClips(turn: Turn, { before, limit = CLIPS_A_PAGE }: CommandParams<"list-clips">): Begun {
  const fits = Math.max(1, Math.floor((replyMaxBytes(turn) - LIST_OVERHEAD_BYTES) / LISTED_BYTES));
  const request = newNumber(turn);
  act(turn, { type: "clip.list", request, before: before ?? null, limit: Math.min(limit, fits) });
  return { kind: "waits", waits: { for: "clips", request } };
}

function fetchClip(turn: Turn, { clipId }: CommandParams<"fetch-clip">): Begun {
  const upload = uploadOf(turn, clipId);
  if (upload?.whole) return done<"fetch-clip">({ clipId, ...upload.whole });
  const request = newNumber(turn);
  act(turn, { type: "clip.requeue", request, clipId });
  return { kind: "waits", waits: { for: "clips", request } };
}

function deleteClip(turn: Turn, { clipId }: CommandParams<"delete-clip">): Begun {
  const request = newNumber(turn);
  act(turn, { type: "clip.delete", request, clipId });
  return { kind: "waits", waits: { for: "clips", request } };
}

function restart(turn: Turn): Begun {
  const upMs = turn.now - turn.state.lifecycle.startedAtMs;
  if (upMs < RESTART_NOT_BEFORE_MS) return refusedAs("busy", `it has started only ${upMs} ms ago`);
  return done<"restart">({});
}

function done<N extends CommandName>(result: CommandResult<N>): Outcome {
  return { kind: "done", result };
}

function refusalOf(outcome: ClipDeleted["outcome"]): Outcome | null {
  switch (outcome) {
    case "done":
      return null;
    case "not-found":
      return refusedAs("not-found", "there is no such clip", "/params/clipId");
    case "recording":
      return refusedAs("busy", "it is being recorded, and travels as it is", "/params/clipId");
    case "failed":
      return refusedAs("store-failed", "the disk failed");
  }
}

function listed({ clipId, eventId, initBody, recordedBytes, closed, uploaded }: ClipListing): ListedClip {
  // Our own text: it was sent as `init`.
  const { user_data: about } = JSON.parse(initBody) as ClipInitMessage;
  return {
    clipId,
    eventId,
    trigger: about.requested ? "command" : about.trigger,
    eventTime: about.eventTime,
    state: closed ? "recorded" : "recording",
    end: closed?.end ?? "",
    bytes: recordedBytes,
    durationMs: closed?.durationMs ?? 0,
    uploaded,
  };
}

/** Names what a request brings about, as its epoch and a number: it never repeats. */
function newId(turn: Turn): string {
  return `${turn.state.lifecycle.epoch}-q${newNumber(turn)}`;
}

function newNumber(turn: Turn): number {
  return ++turn.state.commands.begun;
}

function find(turn: Turn, is: (request: UnderWay) => boolean): UnderWay | undefined {
  return turn.state.commands.underWay.find(is);
}

function findAsking(turn: Turn, number: number): UnderWay | undefined {
  return find(turn, ({ waits }) => waits.for === "clips" && waits.request === number);
}
