import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Fragmenter, type StreamPair } from "../../agent/media/fragmenter.ts";
import { type Fragment, FragmentRing } from "../../agent/media/ring.ts";
import { ClipCutter } from "../../device/linux/storage/clip-cutter.ts";
import type { InitSegment } from "../../device/ports/fragment-store.ts";
import { trackTimes } from "../fixtures/track-times.ts";

const FRAGMENTED = ["-f", "mp4", "-movflags", "frag_every_frame+empty_moov+default_base_moof", "pipe:1"];
const PICTURES = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=15"];
const ENCODED = ["-c:v", "libx264", "-g", "15", "-bf", "0", "-tune", "zerolatency", "-c:a", "aac"];
const COPIED = [
  "-map",
  "0:v:0",
  "-c:v",
  "copy",
  "-map",
  "0:a:0",
  "-c:a",
  "copy",
  "-max_interleave_delta",
  "200000",
];

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "porchlight-sound-"));
  for (const [name, rate] of [
    ["44", 44_100],
    ["48", 48_000],
    ["16", 16_000],
  ] as const)
    await promisify(execFile)("ffmpeg", [
      ...["-v", "error", "-y", ...PICTURES, "-f", "lavfi", "-i", `sine=r=${rate}`, "-t", "6", ...ENCODED],
      join(folder, `${name}.mp4`),
    ]);
});
afterAll(() => rm(folder, { recursive: true }));

describe("a clip with two tracks", () => {
  test.each([
    [
      "encoded together",
      () => [...PICTURES, "-f", "lavfi", "-i", "sine=r=44100", "-t", "6", ...ENCODED],
      44_100,
    ],
    ["copied, 44.1 kHz", () => ["-i", join(folder, "44.mp4"), ...COPIED], 44_100],
    ["copied, 48 kHz", () => ["-i", join(folder, "48.mp4"), ...COPIED], 48_000],
    ["copied, 16 kHz", () => ["-i", join(folder, "16.mp4"), ...COPIED], 16_000],
  ])(
    "begins and ends with both to one frame of sound, wherever it is cut: %s",
    async (_what, source, rate) => {
      const { init, fragments } = await capture(source());
      expect(init.soundCodec).toBe("mp4a.40.2");
      expect(fragments.length).toBeGreaterThanOrEqual(5);
      const frameS = 1_024 / rate;
      for (let first = 0; first + 3 <= fragments.length; first++) {
        const clip = await cut(init, fragments.slice(first, first + 3));
        const { video, sound } = await trackTimes(clip);
        expect(video[0]?.startS).toBe(0);
        expect((sound[0]?.startS ?? Number.NaN) - 0).toBeLessThanOrEqual(frameS);
        const end = ([last]: { startS: number; durationS: number }[]) =>
          (last?.startS ?? 0) + (last?.durationS ?? 0);
        expect(Math.abs(end(sound.slice(-1)) - end(video.slice(-1)))).toBeLessThanOrEqual(frameS + 0.001);
        // No sample twice, none missing, none out of its place.
        for (const [i, { startS }] of sound.entries())
          expect(Math.abs(startS - (sound[0]?.startS ?? 0) - i * frameS)).toBeLessThan(0.001);
      }
    },
  );
});

async function capture(source: string[]): Promise<{ init: InitSegment; fragments: Fragment[] }> {
  const child = spawn("ffmpeg", ["-v", "error", ...source, ...FRAGMENTED], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const fragmenter = new Fragmenter();
  const ring = new FragmentRing({ keepMs: 60_000, maxBytes: 1e8 });
  const fragments: Fragment[] = [];
  let init: InitSegment | null = null;
  for await (const chunk of child.stdout)
    for (const part of fragmenter.push(chunk)) {
      if (part.kind === "init") init = part.init;
      else {
        const { whole } = ring.add(captured(part.pair));
        if (whole) fragments.push(whole);
      }
    }
  if (!init) throw new Error("ffmpeg gave no stream");
  return { init, fragments };
}

const captured = ({ decodeMs, ...pair }: StreamPair) => ({ ...pair, capturedAtMs: decodeMs });

async function cut(init: InitSegment, fragments: Fragment[]): Promise<Buffer> {
  const [first] = fragments;
  if (!first) throw new Error("nothing to cut");
  const { fragments: bytes } = new ClipCutter(init, first).cut(fragments);
  const clip = Buffer.concat([init.data, ...bytes]);
  await writeFile(join(folder, "clip.mp4"), clip);
  return clip;
}
