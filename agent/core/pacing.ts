import { REPLY_MAX_BYTES } from "../contract/command-messages.ts";
import type { Turn } from "./turn.ts";
import type { InFlight } from "./uplink.ts";

/**
 * How much may be on its way, so that a press waits behind no more than the link carries in `uplink.windowMs`. The
 * link's rate is measured: what had to leave before a message was acknowledged, over the time that took beyond the
 * quickest acknowledgement. Kin to TCP Vegas (Brakmo and Peterson, 1995) and BBR (Cardwell et al., 2016).
 *
 * The slowest link for which this is promised is 256 kbit/s: there the smallest piece takes 130 ms.
 */
export interface PacingState {
  /** Most bytes on their way that are not a live press. */
  windowBytes: number;
  /** What this connection was seen to carry; 0 when that is not known yet. */
  bytesPerS: number;
  /** What the last acknowledgements said of that, newest last. */
  seen: { atMs: number; bytesPerS: number }[];
  /** The same of the last connection that knew. */
  lastBytesPerS: number;
  /** The quickest acknowledgement on this connection; null before the first. */
  quickestMs: number | null;
  /** What had to leave before it: its time was in that too. */
  quickestBytes: number;
}

/** The smallest piece of a clip, where a connection begins. */
const SMALLEST_PIECE_BYTES = 4_096;
/** Fewer say more of how the link trembles than of what it carries: a lucky acknowledgement makes a rate of thin air. */
const FEWEST_TELLING_BYTES = SMALLEST_PIECE_BYTES / 2;
/** Of the window's time: the rest is for the press itself, and for a rate that falls. */
const AIM = 0.75;
/**
 * The best of so many counts: a queue delays all of them, a link that trembles only some (as CoDel has it: Nichols and
 * Jacobson, 2012).
 */
const MOST_SEEN = 8;
/** Older ones count only where there are not so many since. */
const SEEN_FOR_MS = 3_000;
const FEWEST_SEEN = 3;
const SMALLEST_PREVIEW_BYTES = 4_000;
/** 256 kbit/s. */
const SLOWEST_LINK_BYTES_PER_S = 32_000;

export function newPacing(): PacingState {
  return {
    windowBytes: SMALLEST_PIECE_BYTES,
    bytesPerS: 0,
    seen: [],
    lastBytesPerS: 0,
    quickestMs: null,
    quickestBytes: 0,
  };
}

/** A new connection may be another link: it begins with the smallest piece. */
export function restartPacing(turn: Turn): void {
  const { pacing } = turn.state;
  const { lastBytesPerS } = pacing;
  Object.assign(pacing, { ...newPacing(), lastBytesPerS });
}

/** A publish has been acknowledged: learns the link's rate from it. */
export function linkAcknowledged(turn: Turn, done: InFlight): void {
  const { pacing, settings } = turn.state;
  const tookMs = turn.now - done.sentAtMs;
  if (pacing.quickestMs === null || tookMs < pacing.quickestMs) {
    pacing.quickestMs = tookMs;
    pacing.quickestBytes = done.aheadBytes;
  }
  if (done.aheadBytes < SMALLEST_PIECE_BYTES) return;
  learnRate(turn, done, turn.now - done.aheadSinceMs, pacing.quickestMs);
  const wasFull = done.aheadBytes * 2 >= pacing.windowBytes;
  const grownBytes = pacing.windowBytes + (wasFull ? done.bytes : 0);
  const mostBytes = Math.min(settings.uplink.windowBytes, bytesInWindow(turn, pacing.bytesPerS * AIM));
  pacing.windowBytes = Math.max(SMALLEST_PIECE_BYTES, Math.min(grownBytes, mostBytes));
}

/** Pieces of a clip are cut to this, so that two of them fit in the window. */
export function pieceBytes(turn: Turn): number {
  return sized(turn, turn.state.pacing.windowBytes);
}

/** The same for what is recorded now and travels later, when the window may have opened. */
export function segmentBytes(turn: Turn): number {
  const { pacing, settings } = turn.state;
  if (pacing.bytesPerS === 0) return settings.clip.segmentBytes;
  return sized(turn, bytesInWindow(turn, pacing.bytesPerS * AIM));
}

/**
 * A preview is no larger than what the link carries in the window's time. Where that is not known, no connection having
 * carried a clip or a preview since the start, it may be the slowest link for which a press is promised to go first.
 */
export function previewMaxBytes(turn: Turn): number {
  const { pacing, settings } = turn.state;
  const bytesPerS = pacing.bytesPerS || pacing.lastBytesPerS || SLOWEST_LINK_BYTES_PER_S;
  return Math.min(settings.still.maxBytes, Math.max(SMALLEST_PREVIEW_BYTES, bytesInWindow(turn, bytesPerS)));
}

/** A reply is no larger than what the link carries in the window's time, where that is known, or the smallest piece. */
export function replyMaxBytes(turn: Turn): number {
  const { bytesPerS } = turn.state.pacing;
  return Math.max(SMALLEST_PIECE_BYTES, Math.min(REPLY_MAX_BYTES, bytesInWindow(turn, bytesPerS)));
}

/**
 * What the link still had to carry when this was sent. Where something was on its way already, the link has carried as
 * much of it as it carries in the quickest round trip: the acknowledgements of that are on their way back.
 */
function queuedBytes({ state: { pacing } }: Turn, done: InFlight): number {
  if (!done.behindOthers) return done.aheadBytes;
  const carriedBytes = Math.floor((pacing.bytesPerS * (pacing.quickestMs ?? 0)) / 1_000);
  return Math.max(done.bytes, done.aheadBytes - carriedBytes);
}

function learnRate(turn: Turn, done: InFlight, sinceMs: number, quickestMs: number): void {
  const { pacing } = turn.state;
  const bytes = queuedBytes(turn, done);
  if (bytes < FEWEST_TELLING_BYTES) return;
  // As much as the quickest had in its own time, or the first: the difference of the two says nothing (seeds 26337, 22819).
  const isAlike = done.aheadBytes < 2 * pacing.quickestBytes || pacing.seen.length === 0;
  const queuedMs = Math.max(1, isAlike ? sinceMs : sinceMs - quickestMs);
  pacing.seen.push({ atMs: turn.now, bytesPerS: Math.floor((bytes * 1_000) / queuedMs) });
  const isOld = ({ atMs }: { atMs: number }) => turn.now - atMs > SEEN_FOR_MS;
  while (
    pacing.seen.length > MOST_SEEN ||
    (pacing.seen.length > FEWEST_SEEN && pacing.seen[0] && isOld(pacing.seen[0]))
  )
    pacing.seen.shift();
  pacing.bytesPerS = Math.max(...pacing.seen.map(({ bytesPerS }) => bytesPerS));
  pacing.lastBytesPerS = pacing.bytesPerS;
}

function bytesInWindow(turn: Turn, bytesPerS: number): number {
  return Math.floor((bytesPerS * turn.state.settings.uplink.windowMs) / 1_000);
}

function sized(turn: Turn, windowBytes: number): number {
  const largest = turn.state.settings.clip.segmentBytes;
  return Math.min(largest, Math.max(SMALLEST_PIECE_BYTES, Math.floor(windowBytes / 2)));
}
