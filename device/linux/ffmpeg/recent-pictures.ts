import type { FragmentPair, InitSegment } from "../../ports/fragment-store.ts";

/** A pair of the running stream, numbered by its first picture since the stream began. */
export interface NumberedPair extends FragmentPair {
  frame: number;
}

/** Two groups of pictures are kept, and never more than this. */
const MAX_BYTES = 16 * 1024 * 1024;

/** The pairs since the last keyframe but one: what a still can be decoded from. */
export class RecentPictures {
  #init: InitSegment | null = null;
  #groups: NumberedPair[][] = [];
  #bytes = 0;
  #nextFrame = 0;

  /** A new stream: what was before cannot be decoded with it. */
  begin(init: InitSegment): void {
    this.#init = init;
    this.#groups = [];
    this.#bytes = 0;
    this.#nextFrame = 0;
  }

  /** The stream ended. */
  end(): void {
    this.#init = null;
    this.#groups = [];
    this.#bytes = 0;
  }

  add(pair: FragmentPair): NumberedPair {
    const numbered = { ...pair, frame: this.#nextFrame };
    this.#nextFrame += pair.frames;
    if (pair.keyframe) {
      this.#groups.push([]);
      while (this.#groups.length > 2) this.#forgetOldest();
    }
    this.#groups.at(-1)?.push(numbered);
    if (this.#groups.length > 0) this.#bytes += pair.data.length;
    while (this.#bytes > MAX_BYTES) this.#forgetOldest();
    return numbered;
  }

  get init(): InitSegment | null {
    return this.#init;
  }

  get newest(): NumberedPair | null {
    return this.#groups.at(-1)?.at(-1) ?? null;
  }

  /** The kept pair that was captured nearest to `atMs`. */
  nearest(atMs: number): NumberedPair | null {
    const distance = (pair: NumberedPair) => Math.abs(pair.capturedAtMs - atMs);
    return this.#groups
      .flat()
      .reduce<NumberedPair | null>(
        (best, pair) => (best && distance(best) <= distance(pair) ? best : pair),
        null,
      );
  }

  /** Every kept pair from the last keyframe at or before picture `frame` on. */
  decodableFrom(frame: number): NumberedPair[] {
    const start = this.#groups.findLastIndex(([first]) => first !== undefined && first.frame <= frame);
    return start < 0 ? [] : this.#groups.slice(start).flat();
  }

  #forgetOldest(): void {
    for (const pair of this.#groups.shift() ?? []) this.#bytes -= pair.data.length;
  }
}
