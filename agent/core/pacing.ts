import type { Turn } from "./turn.ts";

/**
 * How many bytes of clips may be on their way: as many as the link acknowledges within `windowMs`, so that a press
 * waits no longer than that behind video. The window doubles while acknowledgements are quicker, and halves when one
 * is slower: delay-based congestion control, as in TCP Vegas (Brakmo and Peterson, 1995), with one message as floor.
 */
export interface PacingState {
  windowBytes: number;
  /** Publishes from before this have their slowness answered already. */
  halvedAtMs: number;
}

export function newPacing(): PacingState {
  return { windowBytes: 0, halvedAtMs: 0 };
}

/** A new connection may be another link: begins with one segment. */
export function restartPacing(turn: Turn): void {
  const { pacing, settings } = turn.state;
  pacing.windowBytes = settings.clip.segmentBytes;
  pacing.halvedAtMs = turn.now;
}

/** A segment that was sent at `sentAtMs` has been acknowledged. */
export function segmentTook(turn: Turn, sentAtMs: number, bytes: number): void {
  const { pacing, settings } = turn.state;
  const { uplink } = settings;
  if (turn.now - sentAtMs <= uplink.windowMs) {
    pacing.windowBytes = Math.min(uplink.windowBytes, pacing.windowBytes + bytes);
  } else if (sentAtMs >= pacing.halvedAtMs) {
    pacing.windowBytes = Math.max(settings.clip.segmentBytes, Math.floor(pacing.windowBytes / 2));
    pacing.halvedAtMs = turn.now;
  }
}
