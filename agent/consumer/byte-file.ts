/** Bytes `from` up to but not including `to`. */
export type ByteRange = [from: number, to: number];

interface Piece {
  at: number;
  bytes: Uint8Array;
}

/** A file that arrives as byte ranges in any order. Where ranges overlap, the later one holds. */
export class ByteFile {
  /** In order, without overlap. */
  #pieces: Piece[] = [];
  #bytes = 0;
  /** Bytes before this were taken out. */
  #taken = 0;

  /** How many bytes of it are there, or were and have been taken out. */
  get bytes(): number {
    return this.#taken + this.#bytes;
  }

  /** How many bytes of it are held. */
  get heldBytes(): number {
    return this.#bytes;
  }

  get pieces(): number {
    return this.#pieces.length;
  }

  /** What was taken out is not changed any more. */
  write(at: number, bytes: Uint8Array): void {
    if (at < this.#taken) this.#put(this.#taken, bytes.subarray(this.#taken - at));
    else this.#put(at, bytes);
  }

  /** Takes out what is there without a gap, from where the last call ended. */
  take(): Uint8Array[] {
    const taken: Uint8Array[] = [];
    for (let piece = this.#pieces[0]; piece?.at === this.#taken; piece = this.#pieces[0]) {
      taken.push(piece.bytes);
      this.#pieces.shift();
      this.#taken += piece.bytes.length;
      this.#bytes -= piece.bytes.length;
    }
    return taken;
  }
  /** What of the first `size` bytes is not there; at most `limit` ranges, the first ones. */
  missing(size: number, limit: number): ByteRange[] {
    const missing: ByteRange[] = [];
    let next = this.#taken;
    for (const { at, bytes } of this.#pieces) {
      if (missing.length >= limit || at >= size) break;
      if (at > next) missing.push([next, at]);
      next = at + bytes.length;
    }
    if (next < size && missing.length < limit) missing.push([next, size]);
    return missing;
  }

  /** Bytes from the first on without a gap. */
  contiguous(): number {
    let next = this.#taken;
    for (const { at, bytes } of this.#pieces) {
      if (at > next) break;
      next = at + bytes.length;
    }
    return next;
  }

  /** The first `size` bytes, which must all be there: none may have been taken out. */
  read(size: number): Uint8Array {
    const whole = new Uint8Array(size);
    for (const { at, bytes } of this.#pieces) {
      if (at < size) whole.set(bytes.subarray(0, size - at), at);
    }
    return whole;
  }

  #put(at: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const end = at + bytes.length;
    const first = this.#firstEndingAfter(at);
    const before: Piece[] = [];
    const after: Piece[] = [];
    let last = first;
    for (let piece = this.#pieces[last]; piece && piece.at < end; piece = this.#pieces[++last]) {
      const pieceEnd = piece.at + piece.bytes.length;
      this.#bytes -= Math.min(end, pieceEnd) - Math.max(at, piece.at);
      // Copies: what is left of a piece must not keep the whole of it in memory.
      if (piece.at < at) before.push({ at: piece.at, bytes: piece.bytes.slice(0, at - piece.at) });
      if (pieceEnd > end) after.push({ at: end, bytes: piece.bytes.slice(end - piece.at) });
    }
    this.#pieces.splice(first, last - first, ...before, { at, bytes }, ...after);
    this.#bytes += bytes.length;
  }

  #firstEndingAfter(at: number): number {
    let low = 0;
    let high = this.#pieces.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const piece = this.#pieces[middle];
      if (piece && piece.at + piece.bytes.length <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
