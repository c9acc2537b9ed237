import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Chance } from "../../../simulator/world/chance.ts";

const draws = (chance: Chance) => Array.from({ length: 20 }, () => chance.int(0, 1_000_000));

describe("chance", () => {
  it("is the same from the same seed, on every machine", () => {
    expect(draws(new Chance(7))).toEqual(draws(new Chance(7)));
    expect(draws(new Chance(7))).not.toEqual(draws(new Chance(8)));
    expect(new Chance(7).int32()).toBe(-1511022875);
  });

  it("forks by label: what another stream draws, or that there is one, changes nothing", () => {
    const alone = draws(new Chance(1).fork("link"));
    const parent = new Chance(1);
    draws(parent.fork("power"));
    draws(parent);
    expect(draws(parent.fork("link"))).toEqual(alone);
    expect(draws(parent.fork("link").fork("jitter"))).not.toEqual(alone);
  });

  it("keeps to its bounds and reaches both", () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(1_000), fc.nat(1_000), (seed, from, more) => {
        const chance = new Chance(seed);
        for (const value of [chance.int(from, from + more), chance.spread(from, from + more)]) {
          expect(value).toBeGreaterThanOrEqual(from);
          expect(value).toBeLessThanOrEqual(from + more);
        }
      }),
    );
    const chance = new Chance(3);
    expect(new Set(Array.from({ length: 100 }, () => chance.int(1, 3)))).toEqual(new Set([1, 2, 3]));
    expect([chance.happens(0), chance.happens(1_000)]).toEqual([false, true]);
  });

  it("picks only from something", () => {
    expect(() => new Chance(1).pick([])).toThrow(RangeError);
  });
});
