import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { lastWords } from "../../../device/linux/ffmpeg/camera-problem.ts";
import { CaptureClock } from "../../../device/linux/ffmpeg/capture-clock.ts";
import { showsInOrder } from "../../../device/linux/ffmpeg/probe.ts";
import { RecentPictures } from "../../../device/linux/ffmpeg/recent-pictures.ts";
import { visitorSvgs } from "../../../device/linux/ffmpeg/scene-visitor.ts";
import { initSegment, picture, pictures } from "../../fixtures/mp4.ts";

describe("the capture clock", () => {
  test("takes the delay out: one picture in a second that comes undelayed is enough", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(400), { minLength: 60, maxLength: 120 }),
        fc.integer({ min: 0, max: 1e6 }),
        (delays, base) => {
          const clock = new CaptureClock(10);
          for (const [i, delay] of delays.entries()) {
            const trueMs = base + i * 100;
            const arrivedMs = trueMs + 70 + (i % 10 === 0 ? 0 : delay);
            expect(clock.capturedAt(arrivedMs, i * 100, 60)).toBe(trueMs);
          }
        },
      ),
    );
  });

  test("follows a stream whose clock steps back against ours, within seconds", () => {
    const clock = new CaptureClock(0);
    for (let ms = 0; ms < 5_000; ms += 100) clock.capturedAt(ms, ms, 0);
    let captured = 0;
    for (let ms = 5_000; ms < 10_000; ms += 100) captured = clock.capturedAt(ms + 300, ms, 0);
    expect(captured).toBe(10_200);
  });

  test("no picture is captured after it arrived", () => {
    const clock = new CaptureClock(-50);
    expect(clock.capturedAt(1_000, 0, 0)).toBe(1_000);
  });
});

describe("recent pictures", () => {
  const recent = () => {
    const kept = new RecentPictures();
    kept.begin(initSegment());
    return kept;
  };

  test("two groups are kept, and any picture of them can be decoded from its keyframe", () => {
    const kept = recent();
    for (const pair of pictures(0, 3_500)) kept.add(pair);
    expect(kept.newest).toMatchObject({ capturedAtMs: 3_400, frame: 34 });
    expect(kept.nearest(0)).toMatchObject({ capturedAtMs: 2_000, frame: 20 });
    expect(kept.nearest(2_960)).toMatchObject({ capturedAtMs: 3_000 });
    expect(kept.nearest(9_000)).toMatchObject({ capturedAtMs: 3_400 });
    const fromSecond = kept.decodableFrom(25);
    expect(fromSecond[0]).toMatchObject({ frame: 20, keyframe: true });
    expect(fromSecond.at(-1)).toMatchObject({ frame: 34 });
    expect(kept.decodableFrom(31)[0]).toMatchObject({ frame: 30, keyframe: true });
    expect(kept.decodableFrom(12)).toEqual([]);
  });

  test("what comes before the first keyframe, or is too large, is not kept", () => {
    const kept = recent();
    kept.add(picture(0, false, Buffer.alloc(10)));
    expect(kept.newest).toBeNull();
    kept.add(picture(100, true, Buffer.alloc(9_000_000)));
    kept.add(picture(200, false, Buffer.alloc(9_000_000)));
    expect(kept.newest).toBeNull();
    kept.add(picture(300, true, Buffer.alloc(10)));
    expect(kept.newest).toMatchObject({ frame: 3 });
  });

  test("a new stream shares nothing with the one before", () => {
    const kept = recent();
    for (const pair of pictures(0, 1_500)) kept.add(pair);
    kept.begin(initSegment(1));
    expect(kept.nearest(1_000)).toBeNull();
    kept.add(picture(2_000, true, Buffer.alloc(1)));
    expect(kept.newest).toMatchObject({ frame: 0 });
  });
});

describe("a listing of packets", () => {
  const listing = (...times: [dts: string, pts: string][]) =>
    ["#tb 0: 1/12800", ...times.map(([dts, pts]) => `0, ${dts}, ${pts}, 512, 900, 0x1, F=0x0`)].join("\n");

  test.each([
    ["is in order", listing(["0", "0"], ["512", "512"], ["1024", "1024"]), true],
    ["has B-frames", listing(["-512", "0"], ["0", "1536"], ["512", "512"]), false],
    ["has no time to show", listing(["0", "NOPTS"], ["512", "NOPTS"]), false],
    ["shows two at once", listing(["0", "0"], ["0", "0"]), false],
    ["is empty", listing(), false],
  ])("%s", (_what, text, inOrder) => {
    expect(showsInOrder(text)).toBe(inOrder);
  });
});

test("the last words are one short line without ffmpeg's addresses", () => {
  expect(lastWords(["[mov @ 0x55] moov atom not found", "", "file:/a: Invalid data"])).toBe(
    "moov atom not found; file:/a: Invalid data",
  );
  expect(lastWords(["x".repeat(5_000)]).length).toBeLessThanOrEqual(160);
  expect(lastWords([])).toBe("");
});

test("somebody comes, waits and goes, and for a while nobody is there", () => {
  const drawings = visitorSvgs();
  expect(drawings.length).toBe(160);
  expect(drawings.filter((drawing) => drawing === "").length).toBeGreaterThan(8);
  expect(new Set(drawings).size).toBeGreaterThan(60);
});
