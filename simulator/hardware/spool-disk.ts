import type {
  ClipClosing,
  ClipEvicted,
  ClipSummary,
  FragmentStore,
  SegmentHandle,
} from "../../device/ports/fragment-store.ts";
import type { StoreFault } from "../../device/ports/store.ts";

/** A clip as it lies on the card. */
export interface SpooledClip {
  clipId: string;
  eventId: string;
  initBody: string;
  segmentBytes: number;
  segments: SegmentHandle[];
  /** The bytes of each segment, in pieces. */
  content: Uint8Array[][];
  bytes: number;
  fragments: number;
  durationMs: number;
  preRollMs: number;
  closed: ClipClosing | null;
  ackedSegments: number;
  announced: boolean;
  uploaded: boolean;
}

/** The clips on the card: they survive power cuts, and a tester can make the card fail. */
export class SpoolDisk {
  readonly clips = new Map<string, SpooledClip>();
  readonly stills = new Map<string, Uint8Array>();
  readonly maxBytes: number;
  /** Null while it is well. */
  fault: StoreFault | null = null;
  /** While it is full: bytes that were given back since then. */
  freeBytes = 0;
  /** A clip leaves the card before it was uploaded, whether or not anybody hears of it. */
  onEvicted: (clipId: string, reason: ClipEvicted["reason"] | "deleted") => void = () => undefined;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  bytes(): number {
    let sum = 0;
    for (const clip of this.clips.values()) sum += clip.bytes;
    return sum;
  }

  /** The closed clip that is needed least: uploaded before not uploaded, then the oldest. */
  leastNeeded(): SpooledClip | null {
    const closed = [...this.clips.values()].filter((clip) => clip.closed !== null);
    return closed.find((clip) => clip.uploaded) ?? closed[0] ?? null;
  }

  /** Closed clips that still have to travel, oldest first. */
  pending(): SpooledClip[] {
    return [...this.clips.values()].filter((clip) => clip.closed !== null && !clip.uploaded);
  }
}

/** What the port tells of a clip. */
export function summaryOf(clip: SpooledClip): ClipSummary {
  const { clipId, eventId, initBody, bytes, segments, closed, ackedSegments, announced } = clip;
  return {
    clipId,
    eventId,
    initBody,
    recordedBytes: bytes,
    segments: segments.length,
    closed,
    ackedSegments,
    announced,
  };
}

/** A clip of which nothing is recorded yet. */
export function newClip(request: Parameters<FragmentStore["openClip"]>[0], preRollMs: number): SpooledClip {
  const { clipId, eventId, initBody, segmentBytes } = request;
  return {
    clipId,
    eventId,
    initBody,
    segmentBytes,
    segments: [],
    content: [],
    bytes: 0,
    fragments: 0,
    durationMs: 0,
    preRollMs,
    closed: null,
    ackedSegments: 0,
    announced: false,
    uploaded: false,
  };
}
