import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { Fragmenter } from "../../agent/media/fragmenter.ts";
import { LinuxStorage } from "../../device/linux/storage/linux-storage.ts";
import type { FragmentStoreInput, InitSegment } from "../../device/ports/fragment-store.ts";
import { until } from "../fixtures/until.ts";

const FPS = 15;

/** A fragmented MP4 with a fragment a picture, as fast as it can be made. */
async function* filmed(seconds: number): AsyncGenerator<Uint8Array> {
  const video = ["-f", "lavfi", "-i", `testsrc2=size=640x360:rate=${FPS}:duration=${seconds}`];
  const sound = ["-f", "lavfi", "-i", `sine=frequency=440:sample_rate=48000:duration=${seconds}`];
  const h264 = [
    "-c:v",
    "libx264",
    "-preset",
    "ultrafast",
    "-tune",
    "zerolatency",
    "-g",
    `${FPS}`,
    "-bf",
    "0",
  ];
  const aac = ["-c:a", "aac", "-b:a", "64k"];
  const fragmented = ["-f", "mp4", "-movflags", "frag_every_frame+empty_moov+default_base_moof", "pipe:1"];
  const child = spawn(
    "ffmpeg",
    [
      "-hide_banner",
      "-loglevel",
      "error",
      ...video,
      ...sound,
      ...h264,
      "-pix_fmt",
      "yuv420p",
      ...aac,
      ...fragmented,
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  yield* child.stdout;
}

/** Records what ffmpeg films from its tenth second on, pressed 4.3 s later, and unpacks the clip's MP4. */
async function recorded() {
  const folder = mkdtempSync(join(tmpdir(), "porchlight-clip-"));
  const storage = new LinuxStorage({
    folder,
    spool: { maxBytes: 100_000_000, maxAgeMs: 86_400_000 },
    clip: { preRollMs: 4_000, ringMaxBytes: 33_554_432 },
    clock: { monotonicMs: () => 0, read: () => ({ monotonicMs: 0, utcMs: 0, trust: "estimated" }) },
  });
  onTestFinished(async () => {
    await storage.clips.stop();
    rmSync(folder, { recursive: true });
  });
  const inputs: FragmentStoreInput[] = [];
  storage.clips.start((input) => inputs.push(input));
  const fragmenter = new Fragmenter();
  const streams: InitSegment[] = [];
  let atMs = 0;
  for await (const chunk of filmed(20)) {
    for (const part of fragmenter.push(chunk)) {
      if (part.kind === "init") {
        streams.push(part.init);
        storage.clips.init(part.init);
        continue;
      }
      const { pair } = part;
      if (pair.frames > 0) atMs = pair.decodeMs;
      storage.clips.pair({ ...pair, capturedAtMs: atMs });
      if (atMs >= 14_300 && !inputs.some(({ type }) => type === "clip.opened")) {
        storage.clips.openClip({
          clipId: "c1",
          eventId: "e1",
          fromMs: 10_300,
          eventAtMs: 14_300,
          segmentBytes: 65_536,
          initBody: "{}",
          manifest: { deviceId: "front-door" },
        });
        await until(() => inputs.some(({ type }) => type === "clip.opened"), "clip.opened");
      }
    }
  }
  storage.clips.closeClip("c1", atMs);
  await until(() => inputs.some(({ type }) => type === "clip.closed"), "clip.closed");
  execFileSync("tar", ["xf", join(folder, "clips", "c1.tar")], { cwd: folder });
  const fragments = readdirSync(folder).filter((name) => name.endsWith(".m4s"));
  const mp4 = Buffer.concat(
    ["init.mp4", ...fragments.sort()].map((name) => readFileSync(join(folder, name))),
  );
  const closed = inputs.find((input) => input.type === "clip.closed");
  if (closed?.type !== "clip.closed") throw new Error("not closed");
  return { mp4, closing: closed.closing, streams, fragments };
}

/** What ffmpeg says of a video from standard input. */
function ffmpeg(mp4: Uint8Array, ...args: string[]): string {
  return execFileSync("sh", ["-c", 'exec ffmpeg -hide_banner "$@" 2>&1', "sh", ...args], {
    input: mp4,
    encoding: "utf8",
    maxBuffer: 64_000_000,
  });
}

it("a clip that was cut out of running video and sound starts at 0 and decodes without a word", async () => {
  const { mp4, closing, streams, fragments } = await recorded();
  expect(Object.keys(streams[0]?.timescales ?? {})).toHaveLength(2);
  expect(ffmpeg(mp4, "-v", "error", "-i", "pipe:0", "-f", "null", "-")).toBe("");
  const frames = ffmpeg(
    mp4,
    "-v",
    "error",
    "-copyts",
    "-i",
    "pipe:0",
    "-map",
    "0:v",
    "-f",
    "framecrc",
    "pipe:1",
  );
  const times = frames
    .split("\n")
    .filter((line) => /^0,/.test(line))
    .map((line) => Number(line.split(",")[2]));
  // Every picture from the keyframe at 10 s to the last one, which came after the last keyframe.
  expect(times).toEqual(Array.from({ length: 10 * FPS }, (_, frame) => frame));
  const sound = ffmpeg(
    mp4,
    "-v",
    "error",
    "-copyts",
    "-i",
    "pipe:0",
    "-map",
    "0:a",
    "-c",
    "copy",
    "-f",
    "framecrc",
    "pipe:1",
  );
  const [firstSound] = sound.split("\n").filter((line) => /^0,/.test(line));
  const soundStartsMs = Number(firstSound?.split(",")[1]) / 48;
  expect(soundStartsMs).toBeGreaterThanOrEqual(0);
  expect(soundStartsMs).toBeLessThan(25);
  expect(closing).toMatchObject({ end: "finished", fragments: fragments.length });
  expect(Number.isInteger(closing.preRollMs) && Number.isInteger(closing.durationMs)).toBe(true);
  expect(Math.abs(closing.preRollMs - 4_300)).toBeLessThan(30);
  expect(Math.abs(closing.durationMs - 10_000)).toBeLessThan(50);
});
