import { createHash } from "node:crypto";
import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";

/**
 * Seeded chance. Every draw is made of integers, so that a seed means the same on any machine.
 * `fork` gives a stream that depends on the seed and the label alone: a new fault with a label of its own
 * leaves all other draws as they were.
 */
export class Chance {
  readonly #path: string;
  readonly #generator: ReturnType<typeof xoroshiro128plusFromState>;

  constructor(seed: number | string) {
    this.#path = String(seed);
    const digest = createHash("sha256").update(this.#path).digest();
    this.#generator = xoroshiro128plusFromState([0, 4, 8, 12].map((at) => digest.readInt32LE(at)));
  }

  /** An independent stream. The same label gives the same stream again. */
  fork(label: string): Chance {
    return new Chance(`${this.#path}/${label}`);
  }

  /** A whole number from `from` to `to`, both included. */
  int(from: number, to: number): number {
    return uniformInt(this.#generator, from, to);
  }

  /** A signed 32-bit integer. */
  int32(): number {
    return this.#generator.next();
  }

  /** True in `permille` of 1,000 cases. */
  happens(permille: number): boolean {
    return this.int(1, 1000) <= permille;
  }

  /** One of the choices. Throws a RangeError when there is none. */
  pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new RangeError("nothing to pick from");
    return choices[this.int(0, choices.length - 1)] as T;
  }

  /** From `from` to `to` with short values as likely as long ones: the order of magnitude is drawn first. */
  spread(from: number, to: number): number {
    let top = to;
    while (top > 2 * from + 1 && this.happens(500)) top = Math.floor(top / 2);
    return this.int(from, Math.max(from, top));
  }
}
