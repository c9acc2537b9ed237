import { createHash } from "node:crypto";
import type { ClipClosing, ClipEnd } from "../../device/ports/fragment-store.ts";
import type { RingFragment } from "./ring.ts";
import type { SpooledClip } from "./spool-disk.ts";
import { footage, tagOf } from "./tags.ts";

/** How pieces of a clip are hashed: by what they are in virtual runs, by their bytes where there are some. */
export interface Hashes {
  segment(clipId: string, offset: number, pieces: readonly Uint8Array[]): string;
  file(clip: SpooledClip): string;
}

/** By clip, offset and size. */
export const taggedHashes: Hashes = {
  segment: (clipId, offset, pieces) => tagOf(clipId, offset, sizeOf(pieces)),
  file: (clip) => tagOf(clip.clipId, ...clip.segments.map(({ sha256 }) => sha256)),
};

/** SHA-256 of the bytes themselves. */
export const contentHashes: Hashes = {
  segment: (_clipId, _offset, pieces) => sha256Of(pieces),
  file: (clip) => sha256Of(clip.content.flat()),
};

const MANIFEST_BYTES = 1_024;

/** Adds whole fragments, and what must come before the first, in segments of the size that the clip asked for. */
export function addToFile(
  clip: SpooledClip,
  init: Uint8Array | null,
  fragments: readonly RingFragment[],
  hashes: Hashes,
): void {
  const pieces = fragments.flatMap((fragment) => fragment.data);
  if (init) pieces.unshift(init);
  cut(clip, pieces, hashes);
  clip.fragments += fragments.length;
  for (const fragment of fragments) clip.durationMs += fragment.durationMs;
}

/** Adds the manifest and closes the file. */
export function closeFile(clip: SpooledClip, end: ClipEnd, hashes: Hashes): ClipClosing {
  cut(clip, [footage(MANIFEST_BYTES)], hashes);
  clip.closed = {
    end,
    bytes: clip.bytes,
    sha256: hashes.file(clip),
    durationMs: clip.durationMs,
    preRollMs: clip.preRollMs,
    fragments: clip.fragments,
  };
  return clip.closed;
}

/** The bytes `from`…`from + bytes` of a segment, as they lie in its pieces: nothing is copied. */
export function piecesOf(clip: SpooledClip, index: number, from: number, bytes: number): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = 0;
  for (const piece of clip.content[index] ?? []) {
    const begins = Math.max(0, from - at);
    const ends = Math.min(piece.length, from + bytes - at);
    if (begins < ends) found.push(piece.subarray(begins, ends));
    at += piece.length;
  }
  return found;
}

function cut(clip: SpooledClip, pieces: readonly Uint8Array[], hashes: Hashes): void {
  let segment: Uint8Array[] = [];
  let room = clip.segmentBytes;
  const flush = () => {
    if (segment.length === 0) return;
    const bytes = sizeOf(segment);
    const sha256 = hashes.segment(clip.clipId, clip.bytes, segment);
    clip.segments.push({ index: clip.segments.length, offset: clip.bytes, bytes, sha256 });
    clip.content.push(segment);
    clip.bytes += bytes;
    segment = [];
    room = clip.segmentBytes;
  };
  for (const piece of pieces) {
    for (let at = 0; at < piece.length; ) {
      const part = piece.subarray(at, at + room);
      segment.push(part);
      at += part.length;
      room -= part.length;
      if (room === 0) flush();
    }
  }
  flush();
}

function sizeOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0);
}

/** SHA-256 of the pieces, one after another. */
export function sha256Of(pieces: readonly Uint8Array[]): string {
  const hash = createHash("sha256");
  for (const piece of pieces) hash.update(piece);
  return hash.digest("hex");
}
