import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MinHeap } from "../../../simulator/world/heap.ts";

describe("a heap", () => {
  it("gives back what was put in, in order, whatever the order of pushes and pops", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.integer(), fc.constant("pop" as const))), (steps) => {
        const heap = new MinHeap<number>((a, b) => a < b);
        const model: number[] = [];
        for (const step of steps) {
          if (step === "pop") {
            model.sort((a, b) => a - b);
            expect(heap.peek()).toBe(model[0]);
            expect(heap.pop()).toBe(model.shift());
          } else {
            heap.push(step);
            model.push(step);
          }
          expect(heap.size).toBe(model.length);
        }
      }),
    );
  });
});
