import fc from "fast-check";
import { expect, test } from "vitest";
import { RangeSet } from "../../../agent/consumer/range-set.ts";

const change = fc.record({
  add: fc.boolean(),
  from: fc.integer({ min: 1, max: 60 }),
  length: fc.integer({ min: 1, max: 8 }),
});

test("it is a set of numbers, merged and in order", () => {
  fc.assert(
    fc.property(fc.array(change, { maxLength: 40 }), (changes) => {
      const set = new RangeSet(1_000);
      const model = new Set<number>();
      for (const { add, from, length } of changes) {
        if (add) {
          set.add(from, from + length - 1);
          for (let number = from; number < from + length; number += 1) model.add(number);
        } else {
          set.remove(from);
          model.delete(from);
        }
      }
      const members = set.ranges.flatMap(([from, to]) =>
        Array.from({ length: to - from + 1 }, (_, i) => from + i),
      );
      expect(members).toEqual([...model].sort((a, b) => a - b));
      for (const [index, [from]] of set.ranges.entries()) {
        expect(from).toBeGreaterThan((set.ranges[index - 1]?.[1] ?? -1) + 1);
      }
      expect(set.top).toBe(Math.max(0, ...model));
      const missing = set
        .missing(5, 50)
        .flatMap(([from, to]) => Array.from({ length: to - from + 1 }, (_, i) => from + i));
      expect(missing).toEqual(
        Array.from({ length: 46 }, (_, i) => i + 5).filter((number) => !model.has(number)),
      );
      for (let number = 1; number <= 70; number += 1) expect(set.has(number)).toBe(model.has(number));
    }),
    { numRuns: 300 },
  );
});

test("beyond its bound it forgets the lowest range", () => {
  const set = new RangeSet(2);
  for (const number of [1, 3, 5]) set.add(number, number);
  expect(set.ranges).toEqual([
    [3, 3],
    [5, 5],
  ]);
});
