import { describe, expect, test } from "vitest";
import { type CaptureRecord, explainEnd } from "../../../device/linux/ffmpeg/capture-end.ts";
import type { CaptureEnd } from "../../../device/linux/ffmpeg/capture-process.ts";

const record: CaptureRecord = {
  source: "file:/door.mp4",
  stallMs: 5_000,
  playedMs: 60_000,
  declaredMs: 60_000,
};
const exit = (how: Partial<CaptureEnd & { kind: "exited" }> = {}): CaptureEnd => ({
  kind: "exited",
  code: 0,
  signal: null,
  words: [],
  complainedAtEnd: false,
  cutOff: false,
  ...how,
});

describe("why a capture ended", () => {
  test("a file that came to its end is a seam and nobody's fault", () => {
    expect(explainEnd(exit(), record)).toEqual({
      fault: "none",
      reason: "file:/door.mp4 came to its end",
      seam: true,
    });
  });

  test("a complaint in the middle of a file does not make its end a fault, and is not swallowed", () => {
    const end = explainEnd(exit({ words: ["[h264 @ 0x55] error while decoding MB 3 4"] }), record);
    expect(end).toMatchObject({ seam: true, reason: expect.stringContaining("error while decoding MB 3 4") });
    expect(end.reason).not.toContain("0x55");
  });

  test.each([
    [
      "ffmpeg complains at the end",
      exit({ complainedAtEnd: true, words: ["File ended prematurely"] }),
      record,
    ],
    ["its last fragment is not whole", exit({ cutOff: true }), record],
    ["it is shorter than it says", exit(), { ...record, playedMs: 30_000 }],
    ["it has hardly any video", exit(), { ...record, playedMs: 400, declaredMs: 400 }],
    ["it has none", exit(), { ...record, playedMs: 0, declaredMs: null }],
  ])("the operator must act when %s", (_what, end, of) => {
    expect(explainEnd(end, of)).toMatchObject({ fault: "operator", seam: false });
  });

  test.each([
    [exit({ code: null, signal: "SIGKILL" }), /ended by SIGKILL/],
    [exit({ code: 1, words: ["No space", "left"] }), /code 1: No space; left/],
    [{ kind: "stalled" } as const, /^stalled: file:\/door.mp4 gave no picture for 5000 ms/],
    [{ kind: "garbage", detail: "no MP4" } as const, /no MP4/],
    [{ kind: "not-started", detail: "EACCES" } as const, /EACCES/],
  ])("the world is at fault: %o", (end, reason) => {
    expect(explainEnd(end, record)).toEqual({
      fault: "world",
      reason: expect.stringMatching(reason),
      seam: false,
    });
  });

  test("the test source never ends by itself", () => {
    const drawn = { ...record, source: "test", declaredMs: null };
    expect(explainEnd(exit(), drawn)).toMatchObject({ fault: "world", seam: false });
  });
});
