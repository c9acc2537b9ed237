import type { SegmentHandle, SegmentPart } from "../../device/ports/fragment-store.ts";

/** How far one clip has come on its way to the broker. */
export interface Upload {
  clipId: string;
  eventId: string;
  continues: string;
  initBody: string;
  /** Segments that exist. */
  segments: number;
  /** Size and hash of the whole, once it is closed. */
  whole: { bytes: number; sha256: string } | null;
  /** Acknowledged from the first on, and of those the number that the store was told. */
  acked: number;
  marked: number;
  /** The next to send on this connection, and handles from there on as far as they are known. */
  next: number;
  known: Piece[];
  listing: boolean;
  /** The first of `known` is too large for the link, and its store was asked to cut it. */
  splitting: boolean;
  outstanding: number[];
  initSent: boolean;
  finSent: boolean;
  /** With a broker that stores clips itself: what it has not answered, and what it is to get once more, oldest first. */
  unanswered: Piece[];
  again: Piece[];
  initAnswered: boolean;
  /** How often it has refused the `init`, and how often it wanted all of the clip anew. */
  initTries: number;
  rounds: number;
}

/** What one message carries: a whole segment, or a part of one that begins `from` bytes into it. */
export interface Piece extends SegmentHandle {
  from: number;
  /** Nothing of its segment comes after it. */
  last: boolean;
  whole: boolean;
  /** How often a broker has refused it. */
  tries: number;
}

export function newUpload(clip: {
  clipId: string;
  eventId: string;
  continues: string;
  initBody: string;
}): Upload {
  return {
    clipId: clip.clipId,
    eventId: clip.eventId,
    continues: clip.continues,
    initBody: clip.initBody,
    segments: 0,
    whole: null,
    acked: 0,
    marked: 0,
    next: 0,
    known: [],
    listing: false,
    splitting: false,
    outstanding: [],
    initSent: false,
    finSent: false,
    unanswered: [],
    again: [],
    initAnswered: false,
    initTries: 0,
    rounds: 0,
  };
}

/** Nothing is on its way any more: begins again with the segment `from`. */
export function startAgain(upload: Upload, from: number): void {
  Object.assign(upload, {
    ...{ acked: from, next: from, known: [], splitting: false, outstanding: [] },
    ...{ initSent: false, initAnswered: false, finSent: false, unanswered: [], again: [] },
  });
}

/** A broker that stores clips has still to say something of this one. */
export function awaitsAnswer({ unanswered, initSent, initAnswered, finSent }: Upload): boolean {
  return unanswered.length > 0 || (initSent && !initAnswered) || finSent;
}

export function awaitsOnlyFin({ unanswered, initSent, initAnswered, finSent }: Upload): boolean {
  return finSent && unanswered.length === 0 && (!initSent || initAnswered);
}

/** The piece at this offset has its answer; undefined when none is awaited for it. */
export function takeAnswered(upload: Upload, offset: number): Piece | undefined {
  const index = upload.unanswered.findIndex((piece) => piece.offset === offset);
  return index < 0 ? undefined : upload.unanswered.splice(index, 1)[0];
}

/** What has no answer goes out once more. */
export function sendAgain(upload: Upload): void {
  upload.again.push(...upload.unanswered);
  upload.unanswered = [];
  if (!upload.initAnswered) upload.initSent = false;
  upload.finSent = false;
}

/** A segment as it was recorded. */
export function wholePiece(segment: SegmentHandle): Piece {
  return { ...segment, from: 0, last: true, whole: true, tries: 0 };
}

/** The first index whose handle is not held here and was not sent. */
export function knownUpTo({ known, next }: Upload): number {
  const last = known.at(-1);
  return last ? last.index + 1 : next;
}

/** The first known piece gives way to its parts. Answers false when there are none: its bytes are gone. */
export function replaceByParts(upload: Upload, index: number, parts: readonly SegmentPart[]): boolean {
  const [first, ...rest] = upload.known;
  if (!first?.whole || first.index !== index) return true;
  const pieces = parts.map(({ from, bytes, sha256 }, i) => ({
    ...{ index, from, offset: first.offset + from, bytes, sha256 },
    ...{ last: i === parts.length - 1, whole: parts.length === 1, tries: 0 },
  }));
  upload.known = [...pieces, ...rest];
  return pieces.length > 0;
}
