import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { coverage, parsePolygon } from "../../../agent/media/polygon.ts";

const size = { widthPx: 64, heightPx: 36 };
const picture = (covered: Uint8Array, { widthPx }: { widthPx: number }) =>
  Array.from({ length: covered.length / widthPx }, (_, y) =>
    [...covered.subarray(y * widthPx, (y + 1) * widthPx)].map((is) => (is ? "#" : ".")).join(""),
  );

describe("polygons", () => {
  test("cover every pixel they touch, and no more than a neighbour", () => {
    const corner = parsePolygon("0,0 500,0 500,500 0,500");
    expect(picture(coverage([corner], { widthPx: 8, heightPx: 4 }), { widthPx: 8 })).toEqual([
      "#####...",
      "#####...",
      "#####...",
      "........",
    ]);
  });

  test("are widened to the squares in which colour is stored", () => {
    const dot = parsePolygon("510,510 520,510 520,520 510,520");
    const rows = picture(coverage([dot], { widthPx: 8, heightPx: 8 }, 2), { widthPx: 8 });
    expect(rows.slice(4, 6)).toEqual(
      ["....##..", "....##.."].map((row) => expect.stringContaining(row.slice(4, 6))),
    );
  });

  test("hold each of their corners, and everything strictly inside", () => {
    const corner = fc.record({
      x: fc.integer({ min: 0, max: 1_000 }),
      y: fc.integer({ min: 0, max: 1_000 }),
    });
    fc.assert(
      fc.property(fc.array(corner, { minLength: 3, maxLength: 8 }), (corners) => {
        const covered = coverage([corners], size);
        const at = (x: number, y: number) =>
          covered[
            Math.min(size.heightPx - 1, Math.floor((y * size.heightPx) / 1_000)) * size.widthPx +
              Math.min(size.widthPx - 1, Math.floor((x * size.widthPx) / 1_000))
          ];
        for (const { x, y } of corners) expect(at(x, y)).toBe(1);
        const [a, b, c] = corners;
        if (corners.length === 3 && a && b && c)
          expect(at((a.x + b.x + c.x) / 3, (a.y + b.y + c.y) / 3)).toBe(1);
      }),
    );
  });

  test.each(["", "0,0 1,1", "0,0 1,1 1001,0", "0,0 1,1 a,0"])("%j is none", (text) => {
    expect(() => parsePolygon(text)).toThrow(RangeError);
  });
});
