import type { FragmentPair, InitSegment } from "../../device/ports/fragment-store.ts";

/** A whole group of pictures. */
export interface RingFragment {
  data: Uint8Array[];
  capturedAtMs: number;
  durationMs: number;
}

const MOST_FRAGMENTS = 40;

/** The recent fragments of one stream, and the one that is being filled. */
export class Ring {
  #init: Uint8Array | null = null;
  #fragments: RingFragment[] = [];
  #filling: RingFragment | null = null;

  /** A stream is running, whether or not a fragment is whole yet. */
  get streaming(): boolean {
    return this.#init !== null;
  }

  /** Starts over with a new stream. */
  begin(segment: InitSegment): void {
    this.#init = segment.data;
    this.#fragments = [];
    this.#filling = null;
  }

  end(): void {
    this.#init = null;
    this.#fragments = [];
    this.#filling = null;
  }

  initData(): Uint8Array | null {
    return this.#init;
  }

  /** Takes a pair in; answers the fragment that it shows to be whole, if there is one. */
  add(pair: FragmentPair): RingFragment | null {
    let done: RingFragment | null = null;
    if (pair.keyframe) {
      done = this.#filling;
      if (done) this.#fragments.push(done);
      if (this.#fragments.length > MOST_FRAGMENTS) this.#fragments.shift();
      this.#filling = { data: [], capturedAtMs: pair.capturedAtMs, durationMs: 0 };
    }
    if (!this.#filling) return null;
    this.#filling.data.push(pair.data);
    this.#filling.durationMs += pair.durationMs;
    return done;
  }

  /** When the fragment that is being filled began; null without one. */
  get fillingSinceMs(): number | null {
    return this.#filling?.capturedAtMs ?? null;
  }

  /** The whole fragments from the one at or before `fromMs` on; none when that is still being filled. */
  from(fromMs: number): RingFragment[] {
    if (this.#filling && this.#filling.capturedAtMs <= fromMs) return [];
    const first = this.#fragments.findLastIndex((fragment) => fragment.capturedAtMs <= fromMs);
    return this.#fragments.slice(Math.max(0, first));
  }
}

/** Whoever writes the pictures, and can be told when somebody looks. */
export interface Footage {
  catchUp(): void;
  follow(on: boolean): void;
}

export function bytesOf(fragments: readonly RingFragment[]): number {
  return fragments.reduce((sum, { data }) => sum + data.reduce((bytes, piece) => bytes + piece.length, 0), 0);
}
