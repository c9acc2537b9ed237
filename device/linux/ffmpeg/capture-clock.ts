/** How long a minimum counts: longer than any burst, short enough to follow a source whose clock drifts. */
const WINDOW_MS = 2_000;

/**
 * Tells when a picture was captured from when it arrived and from its time in the stream. Delays only ever add, so
 * the least delayed of the recent pictures shows where the stream's clock stands; what even that one took on its
 * way through ffmpeg is its own duration, for the muxer writes a picture when the next one comes, and `extraMs`.
 */
export class CaptureClock {
  readonly #extraMs: number;
  #windowStartMs = Number.NEGATIVE_INFINITY;
  #minimum = Number.POSITIVE_INFINITY;
  #previousMinimum = Number.POSITIVE_INFINITY;

  constructor(extraMs: number) {
    this.#extraMs = extraMs;
  }

  /** Monotonic integer ms; never after the arrival. */
  capturedAt(arrivedAtMs: number, streamMs: number, durationMs: number): number {
    if (arrivedAtMs - this.#windowStartMs >= WINDOW_MS) {
      this.#previousMinimum = this.#minimum;
      this.#minimum = Number.POSITIVE_INFINITY;
      this.#windowStartMs = arrivedAtMs;
    }
    const waitedMs = durationMs + this.#extraMs;
    this.#minimum = Math.min(this.#minimum, arrivedAtMs - waitedMs - streamMs);
    const offset = Math.min(this.#minimum, this.#previousMinimum);
    return Math.round(Math.min(arrivedAtMs, streamMs + offset));
  }
}
