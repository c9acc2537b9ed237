import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MARK, markExpression, markLayout, readFrameMark } from "../../../agent/media/frame-mark.ts";

const NOW = Date.UTC(2026, 10, 24, 12);

/** What the drawing side does, by the layout's own words: a row is 1 0, value, check, 0 1. */
function drawMark(widthPx: number, heightPx: number, frame: number, utcMs: number): Uint8Array {
  const gray = new Uint8Array(widthPx * heightPx).fill(16);
  const { blocks } = markLayout(widthPx, heightPx);
  const bits = [frame, utcMs % 2 ** 32].map((value) =>
    ["10", value.toString(2).padStart(32, "0"), (value % 251).toString(2).padStart(8, "0"), "01"].join(""),
  );
  for (let y = 0; y < blocks.height; y++)
    for (let x = 0; x < blocks.width; x++) {
      const row = bits[Math.floor((y * MARK.rows) / blocks.height)];
      if (row?.[Math.floor((x * MARK.columns) / blocks.width)] === "1")
        gray[(blocks.y + y) * widthPx + blocks.x + x] = 235;
    }
  return gray;
}

const sizes = fc.record({
  widthPx: fc.integer({ min: 80, max: 960 }).map((half) => half * 2),
  heightPx: fc.integer({ min: 60, max: 540 }).map((half) => half * 2),
});

describe("the frame mark", () => {
  test("reads back what was drawn, at any size", () => {
    fc.assert(
      fc.property(
        sizes,
        fc.nat(2 ** 32 - 1),
        fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }),
        ({ widthPx, heightPx }, frame, awayMs) => {
          const gray = drawMark(widthPx, heightPx, frame, NOW + awayMs);
          expect(readFrameMark(gray, widthPx, heightPx, NOW)).toEqual({ frame, capturedUtcMs: NOW + awayMs });
        },
      ),
      { numRuns: 40 },
    );
  });

  test("is not seen in a picture without one, nor read when a block is wrong", () => {
    expect(readFrameMark(new Uint8Array(640 * 360).fill(90), 640, 360, NOW)).toBeNull();
    const gray = drawMark(640, 360, 12_345, NOW);
    const { blocks } = markLayout(640, 360);
    for (let y = blocks.y; y < blocks.y + blocks.height / 2; y++)
      for (let x = 0; x < blocks.width / MARK.columns; x++) {
        const at = y * 640 + blocks.x + Math.round((20 * blocks.width) / MARK.columns) + x;
        gray[at] = (gray[at] ?? 0) > 128 ? 16 : 235;
      }
    expect(readFrameMark(gray, 640, 360, NOW)).toBeNull();
  });

  test("stays inside the picture, on even pixels, with blocks of 8 pixels at a width of 640", () => {
    fc.assert(
      fc.property(sizes, ({ widthPx, heightPx }) => {
        const { blocks, band } = markLayout(widthPx, heightPx);
        for (const side of [blocks.x, blocks.y, blocks.width, blocks.height]) expect(side % 2).toBe(0);
        expect(blocks.x + blocks.width).toBeLessThanOrEqual(widthPx);
        expect(blocks.y).toBeGreaterThanOrEqual(band.y);
        expect(blocks.y + blocks.height).toBeLessThanOrEqual(heightPx);
        expect(band.height).toBeLessThan(heightPx / 3);
      }),
    );
    const { blocks } = markLayout(640, 360);
    expect(blocks.width / MARK.columns).toBeGreaterThanOrEqual(8);
    expect(blocks.height / MARK.rows).toBeGreaterThanOrEqual(8);
  });

  test("is drawn by an expression without anything that a filter graph must quote but commas", () => {
    expect(markExpression()).toMatch(/^[0-9A-Za-z+\-*/(),.]+$/);
  });
});
