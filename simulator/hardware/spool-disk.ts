import type { ClipClosing, ClipSummary, SegmentHandle } from "../../device/ports/fragment-store.ts";
import type { StoreFault } from "../../device/ports/store.ts";

/** A clip as it lies on the card. */
export interface SpooledClip {
  clipId: string;
  eventId: string;
  initBody: string;
  pressAtMs: number;
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
  readonly maxBytes: number;
  /** Null while it is well. */
  fault: StoreFault | null = null;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }

  bytes(): number {
    let sum = 0;
    for (const clip of this.clips.values()) sum += clip.bytes;
    return sum;
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
