/** The bytes of what was kept last, up to a bound, by key: what is sent at once need not be read back. */
export class RecentBytes {
  readonly #maxBytes: number;
  readonly #held = new Map<string, Uint8Array>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  put(key: string, data: Uint8Array): void {
    this.delete(key);
    this.#held.set(key, data);
    this.#bytes += data.length;
    for (const oldest of this.#held.keys()) {
      if (this.#bytes <= this.#maxBytes) return;
      this.delete(oldest);
    }
  }

  get(key: string): Uint8Array | undefined {
    return this.#held.get(key);
  }

  delete(key: string): void {
    this.#bytes -= this.#held.get(key)?.length ?? 0;
    this.#held.delete(key);
  }

  /** Forgets every key that begins with `prefix`. */
  deleteAll(prefix: string): void {
    for (const key of [...this.#held.keys()]) if (key.startsWith(prefix)) this.delete(key);
  }
}
