import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { GrayPictures, TAP } from "../../agent/media/gray-tap.ts";
import { MotionDetector } from "../../agent/media/motion.ts";

/** A road and a lawn, filmed from above; people walk there. */
const FOOTAGE = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";
const LAWN = "192:192:64:320";
const ROADSIDE = "192:192:512:384";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "porchlight-motion-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("people who walk through a part of real footage", () => {
  // Counted by eye, picture by picture: when the first of anybody is seen in that part, and the last.
  test.each([
    { what: "a man and a woman on the lawn", crop: LAWN, from: 40, to: 64, comes: 53.9, goes: 58.7 },
    { what: "a woman on the lawn", crop: LAWN, from: 61, to: 79, comes: 66.8, goes: 71.8 },
    { what: "two feet on the roadside", crop: ROADSIDE, from: 10, to: 30, comes: 20.5, goes: 22.3 },
  ])("$what: told when they come and when they have gone", async ({ crop, from, to, comes, goes }) => {
    const changes = await watch([
      "-ss",
      String(from),
      "-t",
      String(to - from),
      "-i",
      FOOTAGE,
      "-vf",
      `crop=${crop}`,
    ]);
    expect(changes.map(({ kind }) => kind)).toEqual(["moving", "still"]);
    const [start, end] = changes.map(({ atMs }) => from + atMs / 1_000);
    // Three pictures of five a second confirm a start; a second without any confirms the end.
    expect((start ?? 0) - comes).toBeGreaterThanOrEqual(0);
    expect((start ?? 0) - comes).toBeLessThanOrEqual(1);
    expect((end ?? 0) - goes).toBeGreaterThanOrEqual(-0.5);
    expect((end ?? 0) - goes).toBeLessThanOrEqual(1.6);
  });

  test("as a copied camera shows them: by its keyframes, one a second", async () => {
    const source = ["-ss", "40", "-t", "24", "-i", FOOTAGE, "-vf", `crop=${LAWN}`];
    const changes = await watch(source, 1);
    expect(changes.map(({ kind }) => kind)).toEqual(["moving", "still"]);
    expect(Math.abs(40 + (changes[0]?.atMs ?? 0) / 1_000 - 53.9)).toBeLessThanOrEqual(1.5);
  });
});

describe("a still street", () => {
  const CLOUD = "(1-0.15*clip((T*14-X+30)/80,0,1)*clip(1-(T*14-X-180)/80,0,1))";
  test.each([
    ["with a noisy sensor", "1", 20],
    ["under a passing cloud", CLOUD, 12],
    ["when the camera opens its iris", "(1+0.25*gte(T,20))", 12],
  ])("%s: nothing is told", { timeout: 60_000 }, async (_what, light, noise) => {
    const street = join(folder, "street.mkv");
    // The mean of five seconds without anybody is the scene; everything else about it is made here.
    const scene = `crop=${ROADSIDE},tmix=frames=50,select=eq(n\\,49),scale=320:180,loop=loop=600:size=1,setpts=N/15/TB,fps=15`;
    const weather = `geq=lum='clip(lum(X,Y)*${light},0,255)':cb='cb(X,Y)':cr='cr(X,Y)',noise=alls=${noise}:allf=t`;
    await ffmpeg([
      ...["-y", "-ss", "40", "-t", "5", "-i", FOOTAGE, "-vf", `${scene},${weather}`, "-frames:v", "450"],
      ...["-c:v", "libx264", "-preset", "ultrafast", "-b:v", "500k", "-g", "15", street],
    ]);
    expect((await watch(["-i", street])).filter(({ kind }) => kind !== "recalibrated")).toEqual([]);
  });
});

/** What the detector says of what ffmpeg shows, in ms from the beginning. */
async function watch(source: string[], framesPerSecond: number = TAP.framesPerSecond) {
  const small = `fps=${framesPerSecond},scale=w=${TAP.widthPx}:h=${TAP.heightPx}:flags=area,format=gray`;
  const at = source.indexOf("-vf");
  const filters = at < 0 ? small : `${source[at + 1]},${small}`;
  const input = at < 0 ? source : source.slice(0, at);
  const detector = new MotionDetector({ ...TAP, sensitivity: 50, zones: [] });
  const pictures = new GrayPictures();
  const changes: { kind: string; atMs: number }[] = [];
  let shown = 0;
  await ffmpeg([...input, "-vf", filters, "-f", "rawvideo", "pipe:1"], (chunk) => {
    for (const gray of pictures.push(chunk)) {
      const atMs = (shown++ * 1_000) / framesPerSecond;
      // That it moves is said again when it spreads.
      for (const { kind } of detector.push(gray, atMs))
        if (changes.at(-1)?.kind !== kind) changes.push({ kind, atMs });
    }
  });
  return changes;
}

function ffmpeg(args: string[], take: (chunk: Buffer) => void = () => {}): Promise<void> {
  const child = spawn("ffmpeg", ["-nostdin", "-v", "error", ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let words = "";
  child.stdout.on("data", take);
  child.stderr.on("data", (text) => {
    words += text;
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve() : reject(new Error(words))));
  });
}
