import fc from "fast-check";
import { expect, it } from "vitest";
import { segmentRanges } from "../../../agent/media/segments.ts";

it("cuts into contiguous ranges of at most the size asked for, none of them empty", () => {
  fc.assert(
    fc.property(
      fc.nat(1_000_000),
      fc.nat(2_000),
      fc.integer({ min: 1, max: 2_500 }),
      (offset, bytes, most) => {
        let at = offset;
        for (const range of segmentRanges(offset, bytes, most)) {
          expect(range.offset).toBe(at);
          expect(range.bytes).toBeGreaterThan(0);
          expect(range.bytes).toBeLessThanOrEqual(most);
          at += range.bytes;
        }
        expect(at).toBe(offset + bytes);
      },
    ),
  );
});
