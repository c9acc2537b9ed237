import type { FragmentPair } from "../../device/ports/fragment-store.ts";

/** One group of pictures: a pair that begins with a keyframe, and the pairs up to the next keyframe. */
export interface Fragment {
  /** Counts the fragments of the ring's life, from 0. */
  number: number;
  /** Monotonic capture time of its first picture. */
  capturedAtMs: number;
  /** Length of its pictures so far. */
  durationMs: number;
  bytes: number;
  /** `moof`+`mdat` pairs, as they came. */
  pairs: Uint8Array[];
}

/** What a pair did to the ring. */
export interface PairAdded {
  /** The fragment that this pair's keyframe has made whole. */
  whole: Fragment | null;
  /** The fragment being filled outgrew the ring and is gone, with all before it; the next keyframe begins anew. */
  overflow: boolean;
}

/**
 * The most recent video of one stream, in memory. It holds `keepMs` and the longest fragment seen, so that a
 * clip can begin `keepMs` ago wherever the keyframes lie, unless `maxBytes` forbids it.
 */
export class FragmentRing {
  readonly #keepMs: number;
  readonly #maxBytes: number;
  #whole: Fragment[] = [];
  #filling: Fragment | null = null;
  #bytes = 0;
  #next = 0;
  #longestMs = 0;

  constructor(bounds: { keepMs: number; maxBytes: number }) {
    this.#keepMs = bounds.keepMs;
    this.#maxBytes = bounds.maxBytes;
  }

  /** Bytes held, whole fragments and the one being filled; never above `maxBytes` after `add`. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The fragment that is being filled; null before the first keyframe. */
  get filling(): Readonly<Fragment> | null {
    return this.#filling;
  }

  /** Forgets everything: a new stream begins. */
  clear(): void {
    this.#whole = [];
    this.#filling = null;
    this.#bytes = 0;
    this.#longestMs = 0;
  }

  /** Takes the next pair of the stream. What comes before the first keyframe cannot be shown and is left out. */
  add(pair: FragmentPair): PairAdded {
    let whole: Fragment | null = null;
    if (pair.keyframe) {
      whole = this.#finishFilling(pair.capturedAtMs);
      this.#filling = {
        number: this.#next++,
        capturedAtMs: pair.capturedAtMs,
        durationMs: 0,
        bytes: 0,
        pairs: [],
      };
    }
    const filling = this.#filling;
    if (!filling) return { whole: null, overflow: false };
    filling.pairs.push(pair.data);
    filling.bytes += pair.data.length;
    // A pair without a picture is sound, which runs beside the pictures.
    if (pair.frames > 0) filling.durationMs += pair.durationMs;
    this.#bytes += pair.data.length;
    this.#dropOldest(pair.capturedAtMs);
    const overflow = this.#bytes > this.#maxBytes;
    if (overflow) this.clear();
    return { whole, overflow };
  }

  /** Whole fragments from the last one that began at or before `fromMs`; from the oldest held if none did. */
  wholeFrom(fromMs: number): Fragment[] {
    if (this.#filling && this.#filling.capturedAtMs <= fromMs) return [];
    const first = this.#whole.findLastIndex((fragment) => fragment.capturedAtMs <= fromMs);
    return this.#whole.slice(Math.max(0, first));
  }

  #finishFilling(nextAtMs: number): Fragment | null {
    const whole = this.#filling;
    if (!whole) return null;
    this.#whole.push(whole);
    this.#longestMs = Math.max(this.#longestMs, whole.durationMs, nextAtMs - whole.capturedAtMs);
    return whole;
  }

  #dropOldest(nowMs: number): void {
    const enoughMs = nowMs - this.#keepMs - this.#longestMs;
    for (;;) {
      const [oldest, second] = this.#whole;
      if (!oldest) return;
      const nextBegins = second ?? this.#filling;
      const tooOld = nextBegins !== null && nextBegins.capturedAtMs <= enoughMs;
      if (!tooOld && this.#bytes <= this.#maxBytes) return;
      this.#whole.shift();
      this.#bytes -= oldest.bytes;
    }
  }
}
