import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MotionDetector, type MotionOptions, type MotionVerdict } from "../../../agent/media/motion.ts";
import { parsePolygon } from "../../../agent/media/polygon.ts";

const WIDTH = 160;
const HEIGHT = 90;

type Shade = (x: number, y: number) => number;

/** A wall of bricks: something that has structure everywhere. */
const street: Shade = (x, y) =>
  90 + (y % 12 === 0 ? -40 : 0) + ((x + (y - (y % 12)) * 2) % 20 === 0 ? -40 : 0);

/** Numbers that look like chance and are the same every time. */
function noise(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32 - 0.5;
  };
}

function picture(shade: Shade): Uint8Array {
  const gray = new Uint8Array(WIDTH * HEIGHT);
  for (let at = 0; at < gray.length; at += 1) {
    gray[at] = Math.max(0, Math.min(255, Math.round(shade(at % WIDTH, Math.floor(at / WIDTH)))));
  }
  return gray;
}

/** Somebody of this size whose upper left corner is there, before what is seen otherwise. */
const withSomebody =
  (behind: Shade, left: number, top: number, size = { width: 12, height: 30 }): Shade =>
  (x, y) =>
    x >= left && x < left + size.width && y >= top && y < top + size.height
      ? 200 - ((x + y) % 7) * 8
      : behind(x, y);

/** What a detector says of pictures that come every `everyMs`, as `time kind`. */
function watch(
  shades: readonly Shade[],
  options: { sensitivity?: number; zones?: string[]; everyMs?: number } = {},
): { atMs: number; verdict: MotionVerdict }[] {
  const { sensitivity = 50, zones = [], everyMs = 200 } = options;
  const detector = new MotionDetector({
    widthPx: WIDTH,
    heightPx: HEIGHT,
    sensitivity,
    zones: zones.map(parsePolygon),
  });
  return shades.flatMap((shade, at) => {
    const atMs = 10_000 + at * everyMs;
    return detector.push(picture(shade), atMs).map((verdict) => ({ atMs: at * everyMs, verdict }));
  });
}

/** Its growth left out. */
const phases = (told: ReturnType<typeof watch>) =>
  told.filter(({ verdict }, at) => verdict.kind !== "moving" || told[at - 1]?.verdict.kind !== "moving");
const kinds = (told: ReturnType<typeof watch>) => told.map(({ verdict }) => verdict.kind);
const times = <T>(count: number, make: (at: number) => T): T[] =>
  Array.from({ length: count }, (_, at) => make(at));

/** Empty, then somebody walks from left to right, then empty. */
function walk(before: number, steps: number, after: number, behind: Shade = street): Shade[] {
  const stepPx = (WIDTH + 12) / steps;
  return [
    ...times(before, () => behind),
    ...times(steps, (step) => withSomebody(behind, Math.round(step * stepPx) - 11, 40)),
    ...times(after, () => behind),
  ];
}

describe("motion is told", () => {
  test("when somebody walks through, from the first steps to the last, with the area", () => {
    const told = phases(watch(walk(30, 30, 20)));
    expect(kinds(told)).toEqual(["moving", "still"]);
    const [start, end] = told;
    expect(start?.atMs).toBeGreaterThanOrEqual(6_000);
    expect(start?.atMs).toBeLessThanOrEqual(6_800);
    expect(end?.atMs).toBeGreaterThanOrEqual(11_800);
    expect(end?.atMs).toBeLessThanOrEqual(13_000);
    const area = start?.verdict.kind === "moving" ? start.verdict.areaPermille : 0;
    const trueArea = (12 * 30 * 1_000) / (WIDTH * HEIGHT);
    expect(area).toBeGreaterThan(trueArea / 2);
    expect(area).toBeLessThan(trueArea * 2);
  });

  test.each([
    ["each second", 1_000, 6],
    ["every ten seconds", 10_000, 3],
  ])("when pictures come %s: one clear one is enough", (_name, everyMs, steps) => {
    const told = phases(watch(walk(10, steps, 5), { everyMs }));
    expect(kinds(told)).toEqual(["moving", "still"]);
    expect(told[0]?.atMs).toBeLessThanOrEqual(11 * everyMs);
    expect(told[1]?.atMs).toBeLessThanOrEqual((10 + steps + 1) * everyMs);
  });

  test("when a slow source repeats its pictures", () => {
    const told = phases(watch(walk(15, 15, 20).flatMap((shade) => [shade, shade, shade])));
    expect(kinds(told)).toEqual(["moving", "still"]);
  });

  test("again when it grows to twice its size", () => {
    const told = watch([
      ...times(30, () => street),
      ...times(20, (at) =>
        withSomebody(street, 75 - 3 * at, 40 - 2 * at, { width: 8 + 6 * at, height: 8 + 4 * at }),
      ),
    ]);
    const areas = told.flatMap(({ verdict }) => (verdict.kind === "moving" ? [verdict.areaPermille] : []));
    expect(areas.length).toBeGreaterThanOrEqual(3);
    for (const [at, area] of areas.slice(1).entries())
      expect(area).toBeGreaterThanOrEqual((areas[at] ?? 0) * 1.9);
  });

  test("until it rests, though it stays: a parcel that was left is background soon, and its going is told", () => {
    const parcel = withSomebody(street, 60, 50, { width: 20, height: 20 });
    const told = phases(
      watch([
        ...times(30, () => street),
        ...times(10, (at) => withSomebody(street, 60, 2 * at + 30, { width: 20, height: 20 })),
        ...times(60, () => parcel),
        ...times(10, (at) => withSomebody(street, 60 + 4 * at, 50, { width: 20, height: 20 })),
        ...times(60, () => street),
      ]),
    );
    expect(kinds(told)).toEqual(["moving", "still", "moving", "still"]);
    expect(told[1]?.atMs).toBeLessThan(9_500);
    expect(told[3]?.atMs).toBeLessThan(23_500);
  });

  test("of somebody who was there from the beginning, when the first look is over", () => {
    const told = phases(watch(walk(0, 60, 30)));
    expect(kinds(told)).toEqual(["moving", "still"]);
    expect(told[0]?.atMs).toBeLessThanOrEqual(4_000);
  });
});

describe("no motion is told", () => {
  test.each([
    ["of a scene in which nothing is", () => street],
    [
      "of strong noise",
      (at: number): Shade => {
        const chance = noise(at);
        return (x, y) => street(x, y) + 60 * chance();
      },
    ],
    [
      "of a cloud that passes",
      (at: number): Shade =>
        (x, y) =>
          street(x, y) * (1 + 0.15 * wave(x / 160 + at / 50)),
    ],
    [
      "of exposure that steps",
      (at: number): Shade =>
        (x, y) =>
          street(x, y) * (at % 40 < 20 ? 1 : 1.2),
    ],
    [
      "of a branch that sways",
      (at: number): Shade =>
        (x, y) =>
          y < 30 && (x + 3 * wave(at / 7)) % 9 < 4 ? 60 : street(x, y),
    ],
    [
      "of rain",
      (at: number): Shade => {
        const chance = noise(at);
        const drops = new Set<number>();
        for (let drop = 0; drop < 60; drop += 1) {
          const top = Math.floor(45 + 90 * chance()) * WIDTH + Math.floor(80 + 160 * chance());
          for (let length = 0; length < 6; length += 1) drops.add(top + length * WIDTH);
        }
        return (x, y) => street(x, y) + (drops.has(y * WIDTH + x) ? 70 : 0);
      },
    ],
    [
      "of headlights far away",
      (at: number): Shade => {
        const [left, top] = [(at * 6) % 400, 45];
        return (x, y) => {
          const far = ((x - left) ** 2 + 4 * (y - top) ** 2) / 1_600;
          return (street(x, y) / 3) * (1 + 1.5 / (1 + far * far));
        };
      },
    ],
    [
      "of compression that sharpens each second",
      (at: number): Shade =>
        (x, y) =>
          street(x, y) + (at % 5 === 0 ? 0 : ((x * 7 + y * 13 + (at % 5)) % 5) * 2 - 4),
    ],
  ])("%s, at 5 pictures a second or 1", (_name, shadeAt) => {
    const shades = times(150, shadeAt);
    expect(kinds(watch(shades)).filter((kind) => kind !== "recalibrated")).toEqual([]);
    expect(kinds(watch(shades, { everyMs: 1_000 })).filter((kind) => kind !== "recalibrated")).toEqual([]);
  });

  test("of one picture that is spoiled", () => {
    const spoiled: Shade = (x, y) => (x > 40 && x < 90 && y > 20 && y < 70 ? 255 : street(x, y));
    expect(watch([...times(30, () => street), spoiled, ...times(30, () => street)])).toEqual([]);
  });
});

describe("a scene that changes at once", () => {
  const dark: Shade = (x, y) => 10 + street(x, y) / 40;
  const elsewhere: Shade = (x, y) => ((((x + 37) >> 3) + (y >> 4)) % 3 === 0 ? 180 : 60 + (x % 11) * 3);

  test.each([
    ["lights on", dark, street],
    ["the camera turned", street, elsewhere],
  ])("is learned anew, and no motion: %s", (_name, before, after) => {
    const told = watch([...times(30, () => before), ...times(60, () => after)]);
    expect(told).toEqual([{ atMs: 6_000, verdict: { kind: "recalibrated" } }]);
  });

  test("twice within a moment is told once: lightning", () => {
    const told = watch([...times(30, () => dark), street, ...times(60, () => dark)]);
    expect(told).toEqual([{ atMs: 6_000, verdict: { kind: "recalibrated" } }]);
  });

  test("is watched again a second later", () => {
    const told = phases(watch([...times(30, () => dark), ...walk(8, 30, 20)]));
    expect(kinds(told)).toEqual(["recalibrated", "moving", "still"]);
  });

  test("so noisy from its beginning is no new scene in every picture", () => {
    const noisy = (shade: Shade, at: number): Shade => {
      const chance = noise(at);
      return (x, y) => shade(x, y) + 90 * chance();
    };
    const told = phases(watch(walk(60, 30, 20).map(noisy)));
    expect(kinds(told)).toEqual(["moving", "still"]);
  });
});

describe("zones", () => {
  const left = "0,0 300,0 300,1000 0,1000";
  const right = "700,0 1000,0 1000,1000 700,1000";
  const above = "0,0 1000,0 1000,300 0,300";

  test("are told by number as they are entered, and the area is of what is watched", () => {
    const told = phases(watch(walk(30, 40, 20), { zones: [left, above, right] }));
    expect(told.map(({ verdict }) => (verdict.kind === "moving" ? verdict.zones : verdict.kind))).toEqual([
      [0],
      "still",
      [2],
      "still",
    ]);
    const [start] = told;
    const area = start?.verdict.kind === "moving" ? start.verdict.areaPermille : 0;
    expect(area).toBeGreaterThan(15);
  });

  test("leave everything else out", () => {
    expect(watch(walk(30, 40, 20), { zones: [above] })).toEqual([]);
  });

  test("that overlap are both told, and a small one works", () => {
    const told = watch(walk(30, 40, 20), { zones: [left, "100,500 150,500 150,600 100,600"] });
    const zones = told.flatMap(({ verdict }) => (verdict.kind === "moving" ? verdict.zones : []));
    expect(zones).toContain(0);
    expect(zones).toContain(1);
  });
});

describe("the detector", () => {
  test("never tells less when it is more sensitive: what moves for one moves for every higher one", {
    timeout: 60_000,
  }, () => {
    const figure = fc.record({
      left: fc.integer({ min: 0, max: 150 }),
      top: fc.integer({ min: 0, max: 80 }),
      dx: fc.integer({ min: -8, max: 8 }),
      dy: fc.integer({ min: -4, max: 4 }),
      width: fc.integer({ min: 2, max: 60 }),
      height: fc.integer({ min: 2, max: 60 }),
      contrast: fc.integer({ min: -90, max: 90 }),
      from: fc.integer({ min: 16, max: 40 }),
      to: fc.integer({ min: 20, max: 60 }),
    });
    const walker = {
      ...{ left: 10, top: 20, dx: 2, dy: 0, width: 30, height: 40 },
      ...{ contrast: 80, from: 20, to: 60 },
    };
    const background = picture(street);
    let moves = 0;
    fc.assert(
      fc.property(
        fc.array(figure, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 0, max: 40 }),
        fc.uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 2, maxLength: 2 }),
        fc.constantFrom(200, 1_000),
        fc.boolean(),
        (figures, noisePeak, sensitivities, everyMs, zoned) => {
          const zones = zoned ? [parsePolygon("0,0 600,0 500,900")] : [];
          const [less, more] = sensitivities
            .sort((a, b) => a - b)
            .map((sensitivity) => new Follower({ widthPx: WIDTH, heightPx: HEIGHT, sensitivity, zones }));
          for (let at = 0; at < 60; at += 1) {
            const chance = noise(at);
            const gray = background.map((shade) => shade + Math.round(noisePeak * chance()));
            for (const { left, top, dx, dy, width, height, contrast, from, to } of figures) {
              if (at < from || at >= to) continue;
              const [x, y] = [left + dx * (at - from), top + dy * (at - from)];
              for (let row = Math.max(0, y); row < Math.min(HEIGHT, y + height); row += 1) {
                for (let column = Math.max(0, x); column < Math.min(WIDTH, x + width); column += 1) {
                  gray[row * WIDTH + column] = (gray[row * WIDTH + column] ?? 0) + contrast;
                }
              }
            }
            const [movesForLess, movesForMore] = [
              less?.push(gray, at * everyMs),
              more?.push(gray, at * everyMs),
            ];
            if (movesForLess) {
              moves += 1;
              expect(movesForMore).toBe(true);
            }
          }
        },
      ),
      // The first one moves for sure: chance alone drew too few that do, now and then.
      { numRuns: 80, examples: [[[walker], 5, [50, 60], 200, false]] },
    );
    expect(moves).toBeGreaterThan(50);
  });

  test("says the same of the same pictures, and refuses one of another size", () => {
    expect(watch(walk(30, 30, 20))).toEqual(watch(walk(30, 30, 20)));
    const detector = new MotionDetector({ widthPx: WIDTH, heightPx: HEIGHT, sensitivity: 50, zones: [] });
    expect(() => detector.push(new Uint8Array(10), 0)).toThrow(RangeError);
  });

  test("takes times as they come: a clock that stands or a long pause", () => {
    const detector = new MotionDetector({ widthPx: WIDTH, heightPx: HEIGHT, sensitivity: 50, zones: [] });
    const gray = picture(street);
    for (const atMs of [0, 0, 5_000, 4_000, 100_000, 1_000_000])
      expect(detector.push(gray, atMs)).toEqual([]);
  });
});

/** Up and down between -1 and 1, once every whole number. */
function wave(at: number): number {
  const phase = at - Math.floor(at);
  return phase < 0.5 ? 4 * phase - 1 : 3 - 4 * phase;
}

/** Knows of a detector whether something moves just now. */
class Follower {
  readonly #detector: MotionDetector;
  #moving = false;

  constructor(options: MotionOptions) {
    this.#detector = new MotionDetector(options);
  }

  push(gray: Uint8Array, atMs: number): boolean {
    for (const { kind } of this.#detector.push(gray, atMs)) {
      if (kind !== "recalibrated") this.#moving = kind === "moving";
    }
    return this.#moving;
  }
}
