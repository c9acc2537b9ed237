import { execFile } from "node:child_process";
import { chmod, copyFile, mkdir, readdir, rm, stat, truncate } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { findFfmpeg, findPackagedFfmpeg } from "../../device/linux/ffmpeg/find-ffmpeg.ts";
import { childrenWith, makeCamera, marksIn, monotonicMs } from "../fixtures/capture.ts";
import { until } from "../fixtures/until.ts";

const VTEST = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";
const builds = [
  ["the system's ffmpeg", () => findFfmpeg(process.env.PATH ?? "")],
  ["the packaged ffmpeg", findPackagedFfmpeg],
] as const;

/** Makes a video with the system's ffmpeg. */
const make = (...command: string[]) => promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", ...command]);
const median = (values: number[]) => values.sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

describe.each(builds)("the test source by %s", (_name, locate) => {
  test("numbers its pictures, has a keyframe each second, and its times are true", async () => {
    await using camera = await makeCamera({ source: "test" }, { locate });
    camera.device.open();
    await until(() => camera.sink.pairs.length >= 35, "35 pictures", 20_000);
    camera.device.close();

    const { pairs, file } = camera.sink;
    expect(camera.ups()).toMatchObject([
      {
        source: "test",
        widthPx: 640,
        heightPx: 360,
        video: "encode",
        codec: expect.stringMatching(/^avc1\./),
      },
    ]);
    expect(pairs.map((pair) => pair.keyframe)).toEqual(pairs.map((_, i) => i % 15 === 0));
    expect(pairs.every((pair) => pair.frames === 1 && Math.abs(pair.durationMs - 1_000 / 15) < 1)).toBe(true);

    const marks = await marksIn(file, { widthPx: 640, heightPx: 360 });
    expect(marks.map((mark) => mark?.frame)).toEqual(pairs.map((_, i) => i));
    const errors = marks.map((mark, i) => (pairs[i]?.capturedAtMs ?? 0) - (mark?.capturedAtMs ?? 0));
    expect(Math.abs(median(errors))).toBeLessThanOrEqual(70);
    expect(camera.downs()).toMatchObject([{ fault: "none", seam: false }]);
    expect(camera.sink.ends).toBe(1);
  });

  test("footage that is not H.264 is encoded to the set size, in real time", async () => {
    await stat(VTEST); // Debian's opencv-doc must be installed.
    await using camera = await makeCamera({ source: `file:${VTEST}` }, { locate });
    camera.device.open();
    await until(() => camera.sink.pairs.length >= 20, "20 pictures", 20_000);
    const [from, began] = [camera.sink.pairs.length, monotonicMs()];
    await until(() => camera.sink.pairs.length >= from + 30, "30 more pictures");
    expect(monotonicMs() - began).toBeGreaterThan(1_300);
    expect(camera.ups()).toMatchObject([
      { source: `file:${VTEST}`, widthPx: 640, heightPx: 360, video: "encode" },
    ]);
    expect(camera.sink.pairs.flatMap((pair, i) => (pair.keyframe ? [i] : [])).slice(0, 3)).toEqual([
      0, 15, 30,
    ]);
  });

  test("a file of H.264 is copied, and its end is a seam after which it opens at once", async () => {
    await using camera = await makeCamera({ source: "test" }, { locate });
    const path = join(camera.folder, `-it's "50%" [a],b.mp4`);
    await make(
      "-f",
      "lavfi",
      "-i",
      "testsrc=s=320x240:r=10:d=2",
      "-bf",
      "0",
      "-pix_fmt",
      "yuv420p",
      "-g",
      "7",
      `file:${path}`,
    );
    await using copied = await makeCamera({ source: `file:${path}` }, { locate });
    copied.device.open();
    await until(() => copied.downs().length === 1, "the end of the file");
    expect(copied.ups()).toMatchObject([{ widthPx: 320, heightPx: 240, video: "copy" }]);
    expect(copied.downs()).toMatchObject([{ fault: "none", seam: true }]);
    expect(copied.sink.pairs.map((pair) => pair.keyframe)).toEqual(
      [...Array(20).keys()].map((i) => i % 7 === 0),
    );
    expect(copied.sink.ends).toBe(0);

    copied.device.open();
    await until(() => copied.ups().length === 2, "the next pass");
    expect(copied.sink.streams).toHaveLength(2);
    await rm(path);
    await until(() => copied.downs().length === 2, "the second end");
    copied.device.open();
    await until(() => copied.downs().length === 3, "the file is gone");
    expect(copied.downs()[2]).toMatchObject({ fault: "operator", seam: false });
    expect(copied.sink.ends).toBe(1);
  });
});

test("H.264 with B-frames is not copied", async () => {
  await using scratch = await makeCamera({ source: "test" });
  const path = join(scratch.folder, "b.mp4");
  await make("-f", "lavfi", "-i", "testsrc=s=320x240:r=10:d=2", "-bf", "2", "-pix_fmt", "yuv420p", path);
  await using camera = await makeCamera({ source: `file:${path}` });
  camera.device.open();
  await until(() => camera.ups().length === 1, "pictures");
  expect(camera.ups()).toMatchObject([{ video: "encode", widthPx: 640 }]);
});

describe("the scene's cache", () => {
  const open = async (cacheFolder: string, widthPx = 160, heightPx = 120) => {
    await using camera = await makeCamera(
      { source: "test", widthPx, heightPx, bitrateKbps: 100 },
      { cacheFolder },
    );
    camera.device.open();
    await until(() => camera.sink.pairs.length >= 3, "three pictures", 20_000);
    const marks = await marksIn(camera.sink.file, { widthPx, heightPx });
    expect(marks.slice(0, 3).map((mark) => mark?.frame)).toEqual([0, 1, 2]);
  };

  test("is used again, made whole again, and done without when it cannot be written", async () => {
    await using scratch = await makeCamera({ source: "test" });
    const cache = join(scratch.folder, "100% cache");
    await open(cache);
    const [name = ""] = await readdir(cache);
    const drawn = await stat(join(cache, name, "porch.png"));
    await open(cache);
    expect((await stat(join(cache, name, "porch.png"))).ino).toBe(drawn.ino);

    await truncate(join(cache, name, "visitor-0050.png"), 10);
    await open(cache);
    expect((await stat(join(cache, name, "visitor-0050.png"))).size).toBeGreaterThan(10);
    expect(await readdir(cache)).toEqual([name]);

    const blocked = join(scratch.folder, "blocked");
    await copyFile("/dev/null", blocked);
    await open(join(blocked, "cache"));
    const readOnly = join(scratch.folder, "read-only");
    await mkdir(readOnly);
    await chmod(readOnly, 0o500);
    await open(join(readOnly, "cache"));
  });

  test.each([
    [720, 1_280],
    [1_280, 240],
  ])("the marks hold at %i×%i", async (widthPx, heightPx) => {
    await using scratch = await makeCamera({ source: "test" });
    await open(join(scratch.folder, "cache"), widthPx, heightPx);
  });
});

test("nothing is left running after stop, in whatever state", async () => {
  const camera = await makeCamera({ source: "test" });
  camera.device.open();
  await until(() => camera.sink.pairs.length > 20, "pictures", 20_000);
  camera.device.prepareStill();
  camera.device.takeStill({ eventId: "cut-short", atMs: monotonicMs(), maxBytes: 24_000 });
  await camera[Symbol.asyncDispose]();
  expect(await childrenWith("ffmpeg")).toEqual([]);
  const early = await makeCamera({ source: "test" });
  early.device.open();
  await early[Symbol.asyncDispose]();
  expect(await childrenWith("ffmpeg")).toEqual([]);
});
