/** What motion is looked for in: small gray pictures, one byte a pixel. */
export const TAP = { widthPx: 160, heightPx: 90, framesPerSecond: 5 } as const;

/** Puts pictures of one byte a pixel together again from pieces of any size. */
export class GrayPictures {
  readonly #bytes: number;
  #picture: Uint8Array;
  #filled = 0;

  constructor({ widthPx, heightPx }: { widthPx: number; heightPx: number } = TAP) {
    this.#bytes = widthPx * heightPx;
    this.#picture = new Uint8Array(this.#bytes);
  }

  /** Takes the next bytes and returns the pictures that they complete, oldest first. */
  push(chunk: Uint8Array): Uint8Array[] {
    const whole: Uint8Array[] = [];
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + this.#bytes - this.#filled);
      this.#picture.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled < this.#bytes) break;
      whole.push(this.#picture);
      this.#picture = new Uint8Array(this.#bytes);
      this.#filled = 0;
    }
    return whole;
  }
}
