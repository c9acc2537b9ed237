/** What motion is looked for in: small gray pictures, one byte a pixel. */
export const TAP = { widthPx: 160, heightPx: 90, framesPerSecond: 5 } as const;

const PICTURE_BYTES = TAP.widthPx * TAP.heightPx;

/** Puts the tap's pictures together again from pieces of any size. */
export class GrayPictures {
  #picture = new Uint8Array(PICTURE_BYTES);
  #filled = 0;

  /** Takes the next bytes and returns the pictures that they complete, oldest first. */
  push(chunk: Uint8Array): Uint8Array[] {
    const whole: Uint8Array[] = [];
    for (let at = 0; at < chunk.length; ) {
      const piece = chunk.subarray(at, at + PICTURE_BYTES - this.#filled);
      this.#picture.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled < PICTURE_BYTES) break;
      whole.push(this.#picture);
      this.#picture = new Uint8Array(PICTURE_BYTES);
      this.#filled = 0;
    }
    return whole;
  }
}
