import type { BrokerPublishFailed } from "../../device/ports/broker.ts";
import type {
  ClipClosed,
  ClipDeleted,
  ClipEvicted,
  ClipGrew,
  ClipParts,
  ClipSegments,
  ClipSummary,
  ClipsPending,
  SegmentHandle,
} from "../../device/ports/fragment-store.ts";
import { tellClip } from "./clip-events.ts";
import { type FileTransferState, newFileTransfer, storesFiles, uploadsPause } from "./file-transfer.ts";
import { act, count, say, type Turn } from "./turn.ts";
import { isReady } from "./uplink.ts";
import { knownUpTo, newUpload, replaceByParts, startAgain, type Upload, wholePiece } from "./upload.ts";
import { pumpUpload, sendAbort } from "./upload-sending.ts";

/**
 * Brings clips to the broker while they are recorded, and afterwards: `init`, segments in order, `fin`. What was
 * not acknowledged is sent again on the next connection.
 */
export interface UploadsState {
  /** The clip being recorded, those just closed, and at most one of the backlog. */
  active: Upload[];
  /** The store may have clips that are not in `active`. */
  more: boolean;
  asking: boolean;
  /** The store was asked once since the start, so that clips a crash cut short have told their end. */
  recovered: boolean;
  /** The broker of the last connection. */
  urlIndex: number;
  fileTransfer: FileTransferState;
  /** Clips that a broker has cancelled while they were being recorded. */
  cancelled: string[];
}

const PENDING_LIMIT = 16;
/** Closed clips held here; further ones wait in their store. */
const MOST_WAITING = 4;
/** Handles of one clip held here; more are asked for when they are needed. */
const MOST_KNOWN = 256;
const MOST_CANCELLED = 8;
/** The store is told of progress each time so many more segments are acknowledged. */
const MARK_EVERY = 8;

export function newUploads(): UploadsState {
  return {
    active: [],
    more: false,
    asking: false,
    recovered: false,
    urlIndex: 0,
    fileTransfer: newFileTransfer(),
    cancelled: [],
  };
}

/** A clip begins. */
export function addUpload(
  turn: Turn,
  clip: { clipId: string; eventId: string; continues: string; initBody: string },
): void {
  turn.state.uploads.active.push(newUpload(clip));
}

export function uploadOf(turn: Turn, clipId: string): Upload | undefined {
  return turn.state.uploads.active.find((upload) => upload.clipId === clipId);
}

export function forgetUpload(turn: Turn, clipId: string): void {
  const { uploads } = turn.state;
  uploads.active = uploads.active.filter((upload) => upload.clipId !== clipId);
}

/** A connection stands: every clip begins again after its last acknowledged segment. */
export function restartUploads(turn: Turn): void {
  const { uplink, uploads } = turn.state;
  const isAnother = uploads.urlIndex !== uplink.urlIndex;
  uploads.urlIndex = uplink.urlIndex;
  for (const upload of uploads.active) {
    // What one broker has acknowledged, another has never seen.
    startAgain(upload, isAnother ? 0 : upload.acked);
  }
  uploads.fileTransfer.waitingSinceMs = null;
}

/** The connection is gone: closed clips wait in their store, not here. */
export function pauseUploads(turn: Turn): void {
  const { uploads } = turn.state;
  for (const upload of uploads.active) mark(turn, upload);
  if (uploads.active.some((upload) => upload.whole)) uploads.more = true;
  uploads.active = uploads.active.filter((upload) => !upload.whole);
}

/** Looks for clips of earlier runs and connections. */
export function lookForClips(turn: Turn): void {
  turn.state.uploads.more = true;
}

export function clipGrew(turn: Turn, input: ClipGrew): void {
  const upload = uploadOf(turn, input.clipId);
  if (upload) grow(turn, upload, input.segments);
}

export function uploadClosed(turn: Turn, input: ClipClosed): void {
  const upload = uploadOf(turn, input.clipId);
  if (!upload) {
    forgetCancelled(turn, input.clipId);
    return;
  }
  grow(turn, upload, input.segments);
  upload.whole = { bytes: input.closing.bytes, sha256: input.closing.sha256 };
  const waiting = turn.state.uploads.active.filter((one) => one.whole).length;
  if (!isReady(turn)) pauseUploads(turn);
  else if (waiting > MOST_WAITING) leaveToStore(turn, upload);
}

export function segmentsListed(turn: Turn, input: ClipSegments): void {
  const upload = uploadOf(turn, input.clipId);
  if (!upload) return;
  upload.listing = false;
  if (input.gone) {
    giveUp(turn, upload, "its file is gone");
    return;
  }
  const fresh = input.segments.filter(({ index }) => index >= knownUpTo(upload));
  if (fresh[0]?.index === knownUpTo(upload)) upload.known.push(...fresh.map(wholePiece));
}

/** A segment that was too large for the link, in smaller pieces. */
export function segmentSplit(turn: Turn, input: ClipParts): void {
  const upload = uploadOf(turn, input.clipId);
  if (!upload?.splitting) return;
  upload.splitting = false;
  if (!replaceByParts(upload, input.index, input.parts)) giveUp(turn, upload, "its file is gone");
}

export function clipsPending(turn: Turn, input: ClipsPending): void {
  const { uploads } = turn.state;
  uploads.asking = false;
  uploads.recovered = true;
  if (input.recovered) say(turn, "warn", "clips of an earlier run were put right", { ...input.recovered });
  for (const clip of input.clips) announceInterrupted(turn, clip);
  const waiting = input.clips.filter((clip) => clip.closed && !uploadOf(turn, clip.clipId));
  uploads.more = input.total > input.clips.length || waiting.length > 1;
  const [oldest] = waiting;
  if (!isReady(turn) || !oldest?.closed) {
    uploads.more ||= waiting.length > 0;
    return;
  }
  const upload = newUpload({ ...oldest, continues: "" });
  // The store does not know which of several brokers has acknowledged them.
  const acked = turn.state.settings.broker.urls.length === 1 ? oldest.ackedSegments : 0;
  Object.assign(upload, {
    segments: oldest.segments,
    whole: { bytes: oldest.closed.bytes, sha256: oldest.closed.sha256 },
    acked,
    marked: oldest.ackedSegments,
    next: acked,
  });
  uploads.active.push(upload);
}

export function clipEvicted(turn: Turn, input: ClipEvicted): void {
  count(turn, "clips.dropped");
  count(turn, `clips.dropped.${input.reason}`);
  say(turn, "warn", "clip dropped before it was uploaded", { clipId: input.clipId, reason: input.reason });
  tellClip(turn, "dropped", {
    clipId: input.clipId,
    eventId: input.eventId,
    bytes: input.bytes,
    reason: input.reason,
  });
  abort(turn, input.clipId);
}

/** Somebody had it deleted. What is still on its way of it comes to nothing. */
export function clipDeleted(turn: Turn, { clipId, eventId, bytes, uploaded }: ClipDeleted): void {
  count(turn, "clips.deleted");
  say(turn, "info", "clip deleted, as asked", { clipId, uploaded });
  // An uploaded one may be on its way once more.
  if (!uploaded) tellClip(turn, "dropped", { clipId, eventId, bytes, reason: "deleted" });
  if (!uploaded || uploadOf(turn, clipId)) abort(turn, clipId);
}

/** Sends what fits: clips being recorded first, then the oldest. */
export function pumpUploads(turn: Turn): void {
  const { uploads } = turn.state;
  const busy = uploads.asking || uploads.active.some((upload) => upload.whole);
  if (uploads.more && !busy && (isReady(turn) || !uploads.recovered)) askForClips(turn);
  if (uploads.active.length === 0 || !isReady(turn) || uploadsPause(turn)) return;
  const order = [...uploads.active].sort((a, b) => Number(a.whole !== null) - Number(b.whole !== null));
  for (const upload of order) pumpUpload(turn, upload);
}

/** PUBACK: whoever stores clips itself has yet to say what became of it. */
export function segmentAcked(turn: Turn, clipId: string, index: number): void {
  const upload = uploadOf(turn, clipId);
  if (upload && !storesFiles(turn)) segmentStored(turn, upload, index);
}

export function segmentStored(turn: Turn, upload: Upload, index: number): void {
  const acked = upload.outstanding.indexOf(index);
  if (acked >= 0) upload.outstanding.splice(acked, 1);
  upload.acked = Math.max(upload.acked, Math.min(upload.next, ...upload.outstanding));
  if (upload.acked - upload.marked >= MARK_EVERY) mark(turn, upload);
}

export function finAcked(turn: Turn, clipId: string): void {
  const upload = uploadOf(turn, clipId);
  if (upload && !storesFiles(turn)) clipStored(turn, upload);
}

export function clipStored(turn: Turn, { clipId }: Upload): void {
  count(turn, "clips.uploaded");
  forgetUpload(turn, clipId);
  turn.state.uploads.more = true;
  act(turn, { type: "clip.mark-uploaded", clipId });
}

/** A publish of a clip failed while the connection stands. */
export function clipPublishFailed(
  turn: Turn,
  clipId: string,
  { cause, detail, reasonCode }: BrokerPublishFailed,
): void {
  const upload = uploadOf(turn, clipId);
  // EIP-0021: the answer follows in this case too, and says it once more.
  if (!upload || (storesFiles(turn) && reasonCode !== undefined)) return;
  giveUp(turn, upload, cause === "gone" ? "its file is gone" : `the broker refused it: ${detail}`);
}

function mark(turn: Turn, upload: Upload): void {
  if (upload.acked === upload.marked) return;
  upload.marked = upload.acked;
  act(turn, { type: "clip.mark-acked", clipId: upload.clipId, segments: upload.acked });
}

function askForClips(turn: Turn): void {
  const { uploads } = turn.state;
  uploads.asking = true;
  uploads.more = false;
  act(turn, { type: "clip.list-pending", limit: PENDING_LIMIT });
}

function grow(turn: Turn, upload: Upload, segments: SegmentHandle[]): void {
  const last = segments.at(-1);
  if (!last) return;
  upload.segments = Math.max(upload.segments, last.index + 1);
  const follows = segments[0]?.index === knownUpTo(upload);
  if (isReady(turn) && follows && upload.known.length < MOST_KNOWN)
    upload.known.push(...segments.map(wholePiece));
}

/** A clip that a crash cut short has not told its end yet: its store can. */
function announceInterrupted(turn: Turn, clip: ClipSummary): void {
  const isBeingTold = turn.state.outbox.unsaved.some(({ announces }) => announces === clip.clipId);
  if (!clip.closed || clip.announced || isBeingTold) return;
  tellClip(
    turn,
    "recorded",
    {
      clipId: clip.clipId,
      eventId: clip.eventId,
      preRollMs: clip.closed.preRollMs,
      end: clip.closed.end,
      bytes: clip.closed.bytes,
      sha256: clip.closed.sha256,
      durationMs: clip.closed.durationMs,
    },
    clip.clipId,
  );
}

function leaveToStore(turn: Turn, upload: Upload): void {
  mark(turn, upload);
  forgetUpload(turn, upload.clipId);
  turn.state.uploads.more = true;
}

/** The broker wants nothing of it: neither now nor, where it is still being recorded, when its store offers it. */
export function cancelUpload(turn: Turn, upload: Upload, reason: string): void {
  const { cancelled } = turn.state.uploads;
  if (!upload.whole) cancelled.push(upload.clipId);
  if (cancelled.length > MOST_CANCELLED) cancelled.shift();
  giveUp(turn, upload, reason);
}

function forgetCancelled(turn: Turn, clipId: string): void {
  const { uploads } = turn.state;
  if (!uploads.cancelled.includes(clipId)) return;
  uploads.cancelled = uploads.cancelled.filter((one) => one !== clipId);
  act(turn, { type: "clip.mark-uploaded", clipId });
}

export function giveUp(turn: Turn, upload: Upload, reason: string): void {
  count(turn, "clips.dropped");
  count(turn, "clips.dropped.upload");
  say(turn, "warn", `clip given up: ${reason}`, { clipId: upload.clipId });
  tellClip(turn, "dropped", { clipId: upload.clipId, eventId: upload.eventId, reason: reason.slice(0, 200) });
  abort(turn, upload.clipId);
  // Its store would offer it again for ever.
  if (upload.whole) act(turn, { type: "clip.mark-uploaded", clipId: upload.clipId });
}

function abort(turn: Turn, clipId: string): void {
  forgetUpload(turn, clipId);
  turn.state.uploads.more = true;
  if (isReady(turn)) sendAbort(turn, clipId);
}
