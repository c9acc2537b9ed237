import { createHash } from "node:crypto";

/** Large enough that a call of the hash is cheap, small enough that the pieces are still in the cache. */
const FLUSH_CHARACTERS = 32_768;

/**
 * What happened in a world, line by line, and the hash of all of it: the run's fingerprint.
 * Lines are kept only where a `sink` is given.
 */
export class Trace {
  readonly #hash = createHash("sha256");
  readonly #sink: ((line: string) => void) | null;
  #waiting = "";
  #lines = 0;

  constructor(sink: ((line: string) => void) | null = null) {
    this.#sink = sink;
  }

  get lines(): number {
    return this.#lines;
  }

  /**
   * Adds one line. `fact` is plain data whose keys come in an order that the code fixes. Where it is long and says
   * what other lines say too, `brief` stands for it in the fingerprint.
   */
  add(atMs: number, what: string, fact: unknown, brief?: string): void {
    this.#lines += 1;
    this.#waiting += `${atMs} ${what} ${brief ?? JSON.stringify(fact)}\n`;
    if (this.#waiting.length > FLUSH_CHARACTERS) this.#flush();
    this.#sink?.(`${atMs} ${what} ${JSON.stringify(fact)}`);
  }

  /** The fingerprint of everything so far, as 64 lower-case hexadecimal digits. */
  fingerprint(): string {
    this.#flush();
    return this.#hash.copy().digest("hex");
  }

  #flush(): void {
    this.#hash.update(this.#waiting);
    this.#waiting = "";
  }
}
