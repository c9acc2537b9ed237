import type { StoreFault } from "./store.ts";

/** A byte range of a clip's file, the unit that travels. Indexes count from 0 and offsets are contiguous. */
export interface SegmentHandle {
  index: number;
  offset: number;
  bytes: number;
  /** Lower-case hexadecimal SHA-256 of these bytes. */
  sha256: string;
}

/** A piece of a segment, for a link that is too slow for the whole. `from` counts from the segment's start. */
export interface SegmentPart {
  from: number;
  bytes: number;
  /** Lower-case hexadecimal SHA-256 of these bytes. */
  sha256: string;
}

/** Why a clip ended, and so whether it is whole. Only `finished` is. */
export type ClipEnd =
  | "finished" // post-roll over or longest duration reached
  | "seam" // the camera's stream began anew
  | "camera-lost" // the camera went away
  | "interrupted" // the process or the power went away
  | "store-failed"; // the disk was full or failed

/** What is known of a clip without its bytes. */
export interface ClipSummary {
  clipId: string;
  eventId: string;
  /** The `init` message, byte for byte as it was first sent. */
  initBody: string;
  recordedBytes: number;
  segments: number;
  /** Null while it is being recorded. */
  closed: ClipClosing | null;
  /** Segments that the broker has acknowledged, from the first on. */
  ackedSegments: number;
  /** The event that tells of its end is durable. */
  announced: boolean;
}

export interface ClipClosing {
  end: ClipEnd;
  bytes: number;
  sha256: string;
  durationMs: number;
  /** Pre-roll really in the file: press time minus capture time of its first frame; not below 0. */
  preRollMs: number;
  fragments: number;
}

export interface ClipOpened {
  type: "clip.opened";
  occurredAt: number;
  clipId: string;
  preRollMs: number;
}
/** Whole fragments were added and can be read. */
export interface ClipGrew {
  type: "clip.grew";
  occurredAt: number;
  clipId: string;
  segments: SegmentHandle[];
}
export interface ClipClosed {
  type: "clip.closed";
  occurredAt: number;
  clipId: string;
  closing: ClipClosing;
  /** The last segments, with the manifest. */
  segments: SegmentHandle[];
}
/** Nothing was recorded under this id. */
export interface ClipFailed {
  type: "clip.failed";
  occurredAt: number;
  clipId: string;
  reason: string;
}
/** Answer to `listSegments`. Empty with `gone` when the clip is no longer there. */
export interface ClipSegments {
  type: "clip.segments";
  occurredAt: number;
  clipId: string;
  fromIndex: number;
  segments: SegmentHandle[];
  gone: boolean;
}
/** Answer to `splitSegment`: the segment in smaller pieces, in order. Empty when its bytes are gone. */
export interface ClipParts {
  type: "clip.parts";
  occurredAt: number;
  clipId: string;
  index: number;
  parts: SegmentPart[];
}
/** Answer to `listPending`: closed clips whose upload is not finished, oldest first, and the totals of all of them. */
export interface ClipsPending {
  type: "clip.pending";
  occurredAt: number;
  clips: ClipSummary[];
  total: number;
  /** What was put right when this data folder was opened; in the first answer only, and only if there was anything. */
  recovered?: ClipsRecovered;
}
/** What a start found of clips that the process or the power had left half done. */
export interface ClipsRecovered {
  /** Clips that were being recorded: closed as `interrupted`. */
  interrupted: number;
  /** Clips whose bytes were not there: each was reported as `clip.evicted`, unless it had been uploaded. */
  lost: number;
  /** Files that belonged to no clip: removed. */
  orphans: number;
}
/** A clip left the spool before it was uploaded. */
export interface ClipEvicted {
  type: "clip.evicted";
  occurredAt: number;
  clipId: string;
  eventId: string;
  bytes: number;
  /**
   * `lost`: its bytes were not there any more when the data folder was opened. `disk-full`: messages needed its room.
   */
  reason: "budget" | "age" | "lost" | "disk-full";
}
/** A clip as `listClips` tells it. */
export interface ClipListing {
  clipId: string;
  eventId: string;
  initBody: string;
  recordedBytes: number;
  /** Null while it is being recorded. */
  closed: ClipClosing | null;
  uploaded: boolean;
}
/** Answer to `listClips`: newest first. `found` is false when there is no clip `before`. */
export interface ClipsListed {
  type: "clip.listed";
  occurredAt: number;
  request: number;
  clips: ClipListing[];
  more: boolean;
  found: boolean;
}
/** What became of a call about one clip. `recording`: it is not closed yet, and nothing was done. `failed`: the disk did. */
export type ClipOutcome = "done" | "not-found" | "recording" | "failed";
/** Answer to `requeueClip`. */
export interface ClipRequeued {
  type: "clip.requeued";
  occurredAt: number;
  request: number;
  clipId: string;
  outcome: ClipOutcome;
  /** Of the whole; 0 and empty when it was not done. */
  bytes: number;
  sha256: string;
}
/** Answer to `deleteClip`. */
export interface ClipDeleted {
  type: "clip.deleted";
  occurredAt: number;
  request: number;
  clipId: string;
  outcome: ClipOutcome;
  eventId: string;
  bytes: number;
  /** The broker had acknowledged the whole of it. */
  uploaded: boolean;
}
/** The spool's faults; clips go on in memory, or are closed, as each says. */
export interface SpoolFault {
  type: "clip.spool-fault";
  occurredAt: number;
  fault: StoreFault;
  detail: string;
}

export type FragmentStoreInput =
  | ClipOpened
  | ClipGrew
  | ClipClosed
  | ClipFailed
  | ClipSegments
  | ClipParts
  | ClipsPending
  | ClipEvicted
  | ClipsListed
  | ClipRequeued
  | ClipDeleted
  | SpoolFault;

/** A reference to bytes that never pass through the core. */
export type PayloadReference =
  /** `from` and `bytes` name a piece of the segment, counted from its start; without them it is the whole. */
  | { kind: "segment"; clipId: string; index: number; part?: { from: number; bytes: number } }
  | { kind: "still"; eventId: string };

/** ISO/IEC 14496-12 initialisation segment: `ftyp` and `moov`. */
export interface InitSegment {
  data: Uint8Array;
  codec: string;
  widthPx: number;
  heightPx: number;
  /** Ticks a second of each track, by track id. */
  timescales: Record<number, number>;
  videoTrackId: number;
  /** RFC 6381 codec string of its sound; empty without any. */
  soundCodec: string;
}

/** One `moof`+`mdat`, as ffmpeg emitted it. */
export interface FragmentPair {
  data: Uint8Array;
  /** Begins with a keyframe of the video track: a new fragment. */
  keyframe: boolean;
  /** Monotonic capture time of its first picture, as well as it can be known. */
  capturedAtMs: number;
  durationMs: number;
  /** Pictures in it. */
  frames: number;
}

/** What the core asks of the store of clips. Every call answers with an input, also when it fails. */
export interface FragmentStore {
  start(post: (input: FragmentStoreInput) => void): void;
  /** Begins a clip with the fragment at or before `fromMs`. Answers `clip.opened` and `clip.grew`, or `clip.failed`. */
  openClip(request: {
    clipId: string;
    eventId: string;
    fromMs: number;
    eventAtMs: number;
    segmentBytes: number;
    initBody: string;
    /** What the clip's manifest says of it, as JSON values. */
    manifest: Record<string, string | number | null>;
  }): void;
  /** Ends a clip with the fragment that is being filled at `atMs`. Answers `clip.closed`. */
  closeClip(clipId: string, atMs: number): void;
  listSegments(clipId: string, fromIndex: number, limit: number): void;
  /** Cuts a segment into pieces of at most `partBytes`. Answers `clip.parts`. */
  splitSegment(request: { clipId: string; index: number; partBytes: number }): void;
  listPending(limit: number): void;
  /** The broker has acknowledged the first `segments` segments. May be forgotten in a crash: repeating is safe. */
  markAcked(clipId: string, segments: number): void;
  /** The broker has acknowledged `fin`: the clip stays until the budget wants its room. */
  markUploaded(clipId: string): void;
  /** The event that tells of the clip's end is durable. */
  markAnnounced(clipId: string): void;
  /** The newest `limit` clips, those that are being recorded too; only ones older than `before` unless it is null. */
  listClips(request: { request: number; before: string | null; limit: number }): void;
  /** A closed clip is to be uploaded once more, from its first segment on. Durable when it is answered. */
  requeueClip(request: { request: number; clipId: string }): void;
  /** Removes a closed clip, uploaded or not. Durable when it is answered. */
  deleteClip(request: { request: number; clipId: string }): void;
  /** Removes a still that has been delivered. */
  forgetStill(eventId: string): void;
  stop(): Promise<void>;
}

/** The camera's side of the same store. */
export interface FragmentSink {
  /** A new stream begins: ends every open clip with `seam`. */
  init(segment: InitSegment): void;
  pair(pair: FragmentPair): void;
  /** The stream ended: closes every open clip with `camera-lost`. */
  end(): void;
  still(eventId: string, jpeg: Uint8Array): void;
}

/** The uplink's side of the same store. `gone` when the handle has expired. */
export interface PayloadSource {
  read(reference: PayloadReference): Promise<Uint8Array | "gone">;
}
