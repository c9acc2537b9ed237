import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, truncate } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ringOnce } from "../fixtures/simulator-run.ts";
import { trackTimes } from "../fixtures/track-times.ts";

const run = promisify(execFile);
let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "porchlight-awkward-"));
});
afterAll(() => rm(folder, { recursive: true }));

const pictures = (size = "320x240", rate: number | string = 15, seconds = 9) =>
  `-f lavfi -i testsrc2=s=${size}:r=${rate}:d=${seconds}`.split(" ");
const SOUND = "-f lavfi -i sine=r=44100:d=9".split(" ");
const H264 = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -bf 0 -g 15".split(" ");

/** What ffmpeg makes the file from; `damage`: what happens to it then; `yaml`: settings beside it. */
interface Awkward {
  name: string;
  make: string[][];
  damage?: (path: string) => Promise<void>;
  yaml?: Record<string, string>;
  /** Refused with a line like this; otherwise it gives a clip. */
  refused?: RegExp;
}

const plain = (name: string, ...make: string[]): Awkward => ({ name, make: [make] });
const withSound = { sound: "record: true" };
const awkward: Awkward[] = [
  plain("odd-size-444.mp4", ...pictures("321x241"), ..."-c:v libx264 -pix_fmt yuv444p".split(" ")),
  plain(
    "hevc.mp4",
    ...pictures(),
    ..."-c:v libx265 -preset ultrafast -x265-params log-level=none".split(" "),
  ),
  plain("h264-422.mp4", ...pictures(), ..."-c:v libx264 -preset ultrafast -pix_fmt yuv422p".split(" ")),
  plain("h264-10bit.mp4", ...pictures(), ..."-c:v libx264 -preset ultrafast -pix_fmt yuv420p10le".split(" ")),
  plain(
    "variable-rate.mp4",
    ...pictures("320x240", 30),
    ...["-vf", "select='not(mod(n,7))+not(mod(n,3))'", "-fps_mode", "vfr", ...H264],
  ),
  plain("rotated.mp4", ...pictures(), ...H264, "-metadata:s:v", "rotate=90"),
  plain("keyframe-each-10-s.mp4", ...pictures("320x240", 15, 22), ...H264, "-g", "150", "-sc_threshold", "0"),
  plain("b-frames.mp4", ...pictures(), ..."-c:v libx264 -bf 3 -pix_fmt yuv420p".split(" ")),
  {
    ...plain(
      "longer-sound.mp4",
      ...[...pictures("320x240", 15, 6), "-f", "lavfi", "-i", "sine=r=44100:d=12", ...H264, "-c:a", "aac"],
    ),
    yaml: withSound,
  },
  { ...plain("pcm-sound.mov", ...pictures(), ...SOUND, ...H264, "-c:a", "pcm_s16le"), yaml: withSound },
  {
    ...plain("mpeg2-and-mp2.ts", ...pictures(), ...SOUND, "-c:v", "mpeg2video", "-c:a", "mp2"),
    yaml: withSound,
  },
  { ...plain("h264-and-adts.ts", ...pictures(), ...SOUND, ...H264, "-c:a", "aac"), yaml: withSound },
  plain("mjpeg.avi", ...pictures(), ..."-c:v mjpeg -q:v 5".split(" ")),
  plain("vp9.webm", ...pictures(), ..."-c:v libvpx-vp9 -deadline realtime -cpu-used 8".split(" ")),
  plain("anamorphic.mp4", ...pictures(), ...H264, "-vf", "setsar=4/3"),
  plain("one-picture-a-second.mp4", ...pictures("320x240", 1, 12), ...H264, "-g", "1"),
  plain("sixty-pictures-a-second.mp4", ...pictures("320x240", 60), ...H264, "-g", "60"),
  {
    name: "size-changes.ts",
    make: [
      [...pictures("320x240", 15, 4), ...H264, "-f", "mpegts"],
      [...pictures("640x360", 15, 9), ...H264, "-output_ts_offset", "4", "-f", "mpegts"],
    ],
  },
  { ...plain("sound-only.m4a", ...SOUND, "-c:a", "aac"), refused: /has no video in it; name a video file$/ },
  {
    ...plain("truncated.mp4", ...pictures(), ...H264),
    damage: async (path) => truncate(path, Math.floor((await readFile(path)).length / 2)),
    refused: /truncated\.mp4 is not a video that can be read/,
  },
  {
    ...plain("cut-off.mp4", ...pictures("320x240", 15, 4), ...H264, "-movflags", "faststart"),
    damage: async (path) => truncate(path, Math.floor((await readFile(path)).length / 2)),
    refused: /ends inside a picture or before its declared end/,
  },
];

test.concurrent.each(awkward)("$name", { timeout: 60_000 }, async ({ name, make, damage, yaml, refused }) => {
  const path = join(folder, name);
  for (const [i, command] of make.entries())
    await run("ffmpeg", [
      "-nostdin",
      "-v",
      "error",
      "-y",
      ...command,
      make.length > 1 ? `${path}.${i}` : path,
    ]);
  if (make.length > 1) {
    const parts = make.map((_, i) => `${path}.${i}`);
    await run("sh", ["-c", 'cat "$@" > "$0"', path, ...parts]);
  }
  await damage?.(path);
  const { result, refusal } = await ringOnce(["--camera", `file:${path}`], yaml, async ({ clip }) => {
    const { video, sound } = await trackTimes(await readFile(clip.path));
    expect(video[0]?.startS).toBe(0);
    if (!yaml) return;
    const end = (track: typeof video) => (track.at(-1)?.startS ?? 0) + (track.at(-1)?.durationS ?? 0);
    expect(sound[0]?.startS).toBeLessThanOrEqual(1_024 / 44_100);
    expect(Math.abs(end(sound) - end(video))).toBeLessThanOrEqual(1_024 / 44_100 + 1 / 15);
  });
  if (refused) expect(refusal).toMatch(refused);
  else expect(result?.clip.durationS, refusal).toBeGreaterThan(1);
});
