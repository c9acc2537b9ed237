import type { FragmentPair, InitSegment } from "../../device/ports/fragment-store.ts";
import { readVideoRun } from "./movie-fragment.ts";
import { type MovieHeader, readMovieHeader } from "./movie-header.ts";
import { boxAt } from "./mp4-boxes.ts";
import { TrackTiming } from "./track-timing.ts";

/** A pair as it stands in the stream: its time is the stream's own, since nobody knows here when it was captured. */
export interface StreamPair extends Omit<FragmentPair, "capturedAtMs"> {
  /** Decode time of its first picture on the stream's own clock. */
  decodeMs: number;
}

export type StreamPart = { kind: "init"; init: InitSegment } | { kind: "pair"; pair: StreamPair };

/** The bytes are not a fragmented MP4 with H.264: whatever made them is broken. */
export class NotFragmentedMp4 extends Error {
  override get name(): string {
    return "NotFragmentedMp4";
  }
}

/** No box of a sane stream is larger: one picture, at most, is in each. */
const MAX_BOX_BYTES = 64 * 1024 * 1024;
const TOP_LEVEL = new Set([
  "ftyp",
  "styp",
  "moov",
  "moof",
  "mdat",
  "free",
  "skip",
  "sidx",
  "prft",
  "emsg",
  "mfra",
]);

/**
 * Cuts a fragmented MP4 (ISO/IEC 14496-12 §8.8), as it comes in pieces of any size, into its initialisation
 * segment and its `moof`+`mdat` pairs. Each byte is copied a bounded number of times.
 */
export class Fragmenter {
  #chunks: Uint8Array[] = [];
  #bufferedBytes = 0;
  /** Fewer bytes than these need no look. */
  #wantedBytes = 8;
  #ftyp: Uint8Array | null = null;
  #header: MovieHeader | null = null;
  #timing: TrackTiming | null = null;
  #moof: Uint8Array | null = null;

  /**
   * Takes the next bytes and returns what they complete, in order.
   * @throws NotFragmentedMp4; the fragmenter is of no use after it.
   */
  push(chunk: Uint8Array): StreamPart[] {
    this.#chunks.push(chunk);
    this.#bufferedBytes += chunk.length;
    if (this.#bufferedBytes < this.#wantedBytes) return [];
    try {
      return this.#takeBoxes();
    } catch (cause) {
      if (!(cause instanceof RangeError)) throw cause;
      throw new NotFragmentedMp4(cause.message, { cause });
    }
  }

  /** Bytes that belong to no whole part yet: not 0 at the end of a stream means that it was cut off. */
  get unfinishedBytes(): number {
    return this.#bufferedBytes + (this.#moof?.length ?? 0);
  }

  #takeBoxes(): StreamPart[] {
    const bytes = join(this.#chunks);
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const parts: StreamPart[] = [];
    let at = 0;
    for (;;) {
      const box = boxAt(view, at, bytes.length);
      if (box && !TOP_LEVEL.has(box.type))
        throw new RangeError(`no MP4: ${JSON.stringify(box.type)} at top level`);
      if (box && box.end - at > MAX_BOX_BYTES)
        throw new RangeError(`MP4 box ${box.type} of ${box.end - at} bytes`);
      if (!box || box.end > bytes.length) {
        this.#wantedBytes = box ? box.end - at : Math.max(8, bytes.length - at + 1);
        break;
      }
      const part = this.#takeBox(box.type, bytes.slice(at, box.end));
      if (part) parts.push(part);
      at = box.end;
    }
    const rest = bytes.subarray(at);
    this.#chunks = rest.length > 0 ? [rest.slice()] : [];
    this.#bufferedBytes = rest.length;
    return parts;
  }

  #takeBox(type: string, box: Uint8Array): StreamPart | null {
    switch (type) {
      case "ftyp":
        this.#ftyp = box;
        return null;
      case "moov": {
        if (!this.#ftyp) throw new RangeError("the MP4's moov comes before its ftyp");
        this.#header = readMovieHeader(join([this.#ftyp, box]));
        this.#timing = new TrackTiming();
        return { kind: "init", init: this.#header.init };
      }
      case "moof":
        if (!this.#header) throw new RangeError("the MP4's moof comes before its moov");
        this.#timing?.repair(box);
        this.#moof = box;
        return null;
      case "mdat": {
        if (!this.#header || !this.#moof) throw new RangeError("the MP4's mdat comes without its moof");
        const pair = readPair(this.#header, this.#moof, box);
        this.#moof = null;
        return { kind: "pair", pair };
      }
      default:
        return null;
    }
  }
}

function readPair({ init, videoDefaults }: MovieHeader, moof: Uint8Array, mdat: Uint8Array): StreamPair {
  const run = readVideoRun(moof, init.videoTrackId, videoDefaults);
  const ticksPerMs = (init.timescales[init.videoTrackId] ?? 0) / 1_000;
  if (!(ticksPerMs > 0)) throw new RangeError("the MP4's video has no timescale");
  return {
    data: join([moof, mdat]),
    keyframe: run.keyframe,
    frames: run.frames,
    durationMs: run.duration / ticksPerMs,
    decodeMs: run.decodeTime / ticksPerMs,
  };
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  const [first] = chunks;
  if (first && chunks.length === 1) return first;
  const joined = new Uint8Array(chunks.reduce((bytes, chunk) => bytes + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}
