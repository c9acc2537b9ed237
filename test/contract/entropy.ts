import { describe, expect, it } from "vitest";
import type { Entropy } from "../../device/ports/entropy.ts";

/** What every implementation of `Entropy` promises; `starts` gives that of one start after another. */
export function entropySuite(name: string, starts: () => Generator<Entropy>): void {
  describe(`entropy: ${name}`, () => {
    function drawn<T>(draw: (entropy: Entropy) => T): T[] {
      const values: T[] = [];
      for (const entropy of starts()) {
        for (let times = 0; times < 40; times += 1) values.push(draw(entropy));
        if (values.length >= 4_000) return values;
      }
      return values;
    }

    it("gives epochs of 16 lower-case hexadecimal digits that never repeat, within a start or across", () => {
      const epochs = drawn((entropy) => entropy.epoch());
      expect(epochs).toHaveLength(4_000);
      for (const epoch of epochs) expect(epoch).toMatch(/^[0-9a-f]{16}$/);
      expect(new Set(epochs).size).toBe(epochs.length);
    });

    it("gives epochs each of whose digits can be anything", () => {
      const epochs = drawn((entropy) => entropy.epoch());
      for (let place = 0; place < 16; place += 1) {
        expect(new Set(epochs.map((epoch) => epoch[place])).size).toBe(16);
      }
    });

    it("gives seeds that are signed 32-bit integers, of both signs, and hardly ever the same", () => {
      const seeds = drawn((entropy) => entropy.seed());
      for (const seed of seeds) expect(seed).toBe(seed | 0);
      expect(seeds.some((seed) => seed < 0) && seeds.some((seed) => seed > 0)).toBe(true);
      // Among 4,000 of 2³² a pair that is the same comes once in 500 times; ten come never.
      expect(new Set(seeds).size).toBeGreaterThan(seeds.length - 10);
    });
  });
}
