/** How long one look lasts, and how many in a row must show the same. */
const WINDOW_MS = 10_000;
const SLOW_WINDOWS = 2;
/** A little less than real time is a clock that drifts, or a moment's load. */
const SLOW_BELOW = 0.9;

/**
 * Tells whether pictures come as fast as time passes. An encoder that is too slow for its board falls ever further
 * behind; one hiccup is caught up with.
 */
export class RealTime {
  #startedAtMs: number | null = null;
  #startedStreamMs = 0;
  #slowWindows = 0;

  /** Takes a picture's arrival and its time in the stream. Answers the share of real time reached, once it is too slow. */
  tooSlow(arrivedAtMs: number, streamMs: number): number | null {
    if (this.#startedAtMs === null) {
      this.#startedAtMs = arrivedAtMs;
      this.#startedStreamMs = streamMs;
    }
    const passedMs = arrivedAtMs - this.#startedAtMs;
    if (passedMs < WINDOW_MS) return null;
    const reached = (streamMs - this.#startedStreamMs) / passedMs;
    this.#startedAtMs = arrivedAtMs;
    this.#startedStreamMs = streamMs;
    this.#slowWindows = reached < SLOW_BELOW ? this.#slowWindows + 1 : 0;
    return this.#slowWindows >= SLOW_WINDOWS ? reached : null;
  }
}
