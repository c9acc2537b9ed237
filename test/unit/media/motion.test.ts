import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GrayPictures, TAP } from "../../../agent/media/gray-tap.ts";
import { MotionDetector, type MotionVerdict } from "../../../agent/media/motion.ts";
import { parsePolygon } from "../../../agent/media/polygon.ts";

const { widthPx, heightPx } = TAP;

interface Scene {
  /** Upper left corner and size of something dark. */
  square?: { x: number; y: number; size: number };
  light?: number;
}

/** A wall with a pattern, and what stands before it. */
function scene({ square, light = 0 }: Scene = {}): Uint8Array {
  const gray = new Uint8Array(widthPx * heightPx);
  for (let y = 0; y < heightPx; y++)
    for (let x = 0; x < widthPx; x++)
      gray[y * widthPx + x] = 100 + light + ((x >> 3) % 2) * 40 + ((y >> 3) % 2) * 20;
  if (square)
    for (let y = square.y; y < square.y + square.size; y++)
      gray.fill(20, y * widthPx + square.x, y * widthPx + square.x + square.size);
  return gray;
}

function watch(
  frames: readonly Uint8Array[],
  options: { sensitivity?: number; zones?: string[]; everyMs?: number } = {},
) {
  const { sensitivity = 50, zones = [], everyMs = 200 } = options;
  const detector = new MotionDetector({ ...TAP, sensitivity, zones: zones.map(parsePolygon) });
  return frames.flatMap((gray, i) =>
    detector.push(gray, i * everyMs).map((verdict) => ({ ...verdict, atMs: i * everyMs })),
  );
}

const still = (count: number, of: Scene = {}) => Array.from({ length: count }, () => scene(of));
const walk = (count: number, size = 14) =>
  Array.from({ length: count }, (_, i) => scene({ square: { x: 4 + i * 4, y: 30, size } }));
const kinds = (verdicts: MotionVerdict[]) => verdicts.map(({ kind }) => kind);

describe("the motion detector", () => {
  test("tells where something starts and ceases to move, once each", () => {
    const verdicts = watch([...still(10), ...walk(20), ...still(20)]);
    expect(kinds(verdicts)).toEqual(["moving", "still"]);
    expect(verdicts.map(({ atMs }) => atMs)).toEqual([2_400, 6_800]);
    expect(verdicts[0]).toMatchObject({ zones: [] });
    expect(verdicts[0]?.kind === "moving" && verdicts[0].areaPermille).toBeGreaterThan(5);
  });

  test("says nothing of a flicker", () => {
    const [flash] = walk(1);
    expect(watch([...still(10), ...(flash ? [flash] : []), ...still(20)])).toEqual([]);
  });

  test("one clear picture is enough where they come once a second", () => {
    const verdicts = watch([...still(5), ...walk(2, 20), ...still(5)], { everyMs: 1_000 });
    expect(verdicts.map(({ kind, atMs }) => `${kind} ${atMs}`)).toEqual(["moving 5000", "still 8000"]);
  });

  test("learns the scene anew when all of it changes, and tells no motion for that", () => {
    const elsewhere = Array.from({ length: 20 }, () =>
      new Uint8Array(widthPx * heightPx).map((_, i) => (Math.floor(i / widthPx / 6) % 2) * 200),
    );
    expect(kinds(watch([...still(10), ...elsewhere]))).toEqual(["recalibrated"]);
  });

  test("light that changes, slowly or at once, is no motion", () => {
    const slow = Array.from({ length: 60 }, (_, i) => scene({ light: Math.round(i / 2) }));
    expect(watch([...still(10), ...slow])).toEqual([]);
    expect(watch([...still(10), ...still(30, { light: 35 })])).toEqual([]);
  });

  test("only what moves in a zone counts, and the zone is named", () => {
    const left = "0,0 450,0 450,1000 0,1000";
    const right = "550,0 1000,0 1000,1000 550,1000";
    expect(kinds(watch([...still(10), ...walk(8)], { zones: [right] }))).toEqual([]);
    const verdicts = watch([...still(10), ...walk(34), ...still(12)], { zones: [left, right] });
    expect(verdicts.map((verdict) => (verdict.kind === "moving" ? verdict.zones : verdict.kind))).toEqual([
      [0],
      [1],
      "still",
    ]);
  });

  test("a higher sensitivity never misses what a lower one tells", () => {
    const size = fc.integer({ min: 3, max: 30 });
    const sensitivity = fc.integer({ min: 1, max: 100 });
    fc.assert(
      fc.property(size, sensitivity, sensitivity, (px, a, b) => {
        const told = (level: number) =>
          kinds(watch([...still(10), ...walk(20, px)], { sensitivity: level })).includes("moving");
        if (told(Math.min(a, b))) expect(told(Math.max(a, b))).toBe(true);
      }),
      { numRuns: 40 },
    );
  });
});

describe("the gray tap", () => {
  test("puts pictures together from pieces of any size", () => {
    const bytes = widthPx * heightPx;
    const stream = new Uint8Array(3 * bytes).map((_, i) => Math.floor(i / bytes) + 1);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1 }), (sizes) => {
        const tap = new GrayPictures();
        const whole: Uint8Array[] = [];
        for (let at = 0, i = 0; at < stream.length; i++) {
          const size = sizes[i % sizes.length] ?? 1;
          whole.push(...tap.push(stream.subarray(at, at + size)));
          at += size;
        }
        expect(whole.map((picture) => [picture[0], picture.at(-1), picture.length])).toEqual(
          [1, 2, 3].map((value) => [value, value, bytes]),
        );
      }),
    );
  });
});
