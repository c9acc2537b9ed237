import { execFile } from "node:child_process";
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findFfmpeg, findPackagedFfmpeg } from "../../device/linux/ffmpeg/find-ffmpeg.ts";
import { childrenWith, makeCamera } from "../fixtures/capture.ts";
import { until } from "../fixtures/until.ts";

let folder = "";
const inFolder = (name: string) => join(folder, name);
const ffmpeg = (...command: string[]) =>
  promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", ...command]);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "porchlight-faults-"));
  const made = inFolder("whole.avi");
  await ffmpeg("-f", "lavfi", "-i", "testsrc2=s=320x240:r=10:d=3", "-c:v", "mpeg4", "-b:v", "1M", made);
  await ffmpeg(
    "-f",
    "lavfi",
    "-i",
    "testsrc2=s=320x240:r=10:d=6",
    "-bf",
    "0",
    "-pix_fmt",
    "yuv420p",
    "-movflags",
    "+faststart",
    inFolder("whole.mp4"),
  );
  await ffmpeg("-f", "lavfi", "-i", "sine=d=2", inFolder("sound.mp4"));
  const cut = async (from: string, to: string, part: number) => {
    const whole = await readFile(inFolder(from));
    await writeFile(inFolder(to), whole.subarray(0, Math.round(whole.length * part)));
  };
  await cut("whole.avi", "cut.avi", 0.613);
  await cut("whole.mp4", "cut.mp4", 0.311);
  await cut("whole.mp4", "cut-header.mp4", 0.001);
  await writeFile(inFolder("empty.mp4"), "");
  await writeFile(inFolder("words.mp4"), "This is not a video.\n");
  await writeFile(inFolder("list.m3u8"), "#EXTM3U\n#EXTINF:2,\nhttp://127.0.0.1:9/x.ts\n");
  await mkdir(inFolder("folder.mp4"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each([
  ["the system's ffmpeg", () => findFfmpeg(process.env.PATH ?? "")],
  ["the packaged ffmpeg", findPackagedFfmpeg],
])("bad files and %s", (_name, locate) => {
  test.each([
    ["missing.mp4", /does not exist/],
    ["empty.mp4", /is empty/],
    ["folder.mp4", /is not a file/],
    ["words.mp4", /is not a video/],
    ["cut-header.mp4", /has no video in it|is not a video/],
    ["list.m3u8", /is not a video/],
    ["sound.mp4", /has no video in it/],
    ["cut.avi", /ends inside a picture/],
    ["cut.mp4", /ends inside a picture/],
  ])("%s: one clear line for the operator", async (name, reason) => {
    await using camera = await makeCamera({ source: `file:${inFolder(name)}` }, { locate });
    camera.device.open();
    await until(() => camera.downs().length > 0, "the fault");
    expect(camera.downs()).toMatchObject([
      { fault: "operator", seam: false, reason: expect.stringMatching(reason) },
    ]);
    const [down] = camera.downs();
    expect(down?.reason).toContain(`file:${inFolder(name)}`);
    expect(down?.reason).toMatch(/; (name|give it) a [a-z ]*video( file)?$/);
    expect(down?.reason).not.toMatch(/\n| @ 0x/);
  });
});

test("no ffmpeg anywhere is the operator's to mend", async () => {
  await using camera = await makeCamera({ source: "test" }, { locate: async () => null });
  camera.device.open();
  await until(() => camera.downs().length > 0, "the fault");
  expect(camera.downs()).toMatchObject([
    { fault: "operator", reason: expect.stringMatching(/no ffmpeg found.*install ffmpeg/) },
  ]);
});

describe("finding ffmpeg", () => {
  test("on PATH first, then the packaged one; what does not run is passed over", async () => {
    const broken = inFolder("bin");
    await mkdir(broken);
    await writeFile(join(broken, "ffmpeg"), "#!/bin/sh\nexit 1\n");
    await chmod(join(broken, "ffmpeg"), 0o755);
    expect(await findFfmpeg(process.env.PATH ?? "")).toMatchObject({
      path: expect.stringMatching(/\/ffmpeg$/),
    });
    const fallback = await findFfmpeg(`${broken}:relative:/nowhere`);
    expect(fallback?.path).toContain("@ffmpeg-installer");
    expect(fallback?.version.major).toBe(4);
  });
});

describe("a capture that breaks", () => {
  const running = async (stallMs: number, more: Parameters<typeof makeCamera>[1] = {}) => {
    const camera = await makeCamera({ source: "test", stallMs }, more);
    camera.device.open();
    await until(() => camera.sink.pairs.length > 5, "pictures", 20_000);
    const [pid] = await childrenWith("frag_every_frame");
    if (pid === undefined) throw new Error("no ffmpeg runs");
    return { camera, pid };
  };

  test("killed: the world's fault, and it opens again", async () => {
    const { camera, pid } = await running(5_000);
    await using _ = camera;
    process.kill(pid, "SIGKILL");
    await until(() => camera.downs().length === 1, "the fault");
    expect(camera.downs()).toMatchObject([
      { fault: "world", seam: false, reason: expect.stringContaining("SIGKILL") },
    ]);
    expect(camera.sink.ends).toBe(1);
    camera.device.open();
    await until(() => camera.ups().length === 2, "pictures again", 20_000);
  });

  test("stopped: stalled after stallMs, and its process is gone", async () => {
    const { camera, pid } = await running(1_000);
    await using _ = camera;
    process.kill(pid, "SIGSTOP");
    await until(() => camera.downs().length === 1, "the stall", 4_000);
    expect(camera.downs()).toMatchObject([{ fault: "world", reason: expect.stringMatching(/^stalled/) }]);
    await until(() => !alive(pid), "the end of its process", 3_000);
  });

  test("deaf to SIGTERM: killed on close", async () => {
    const found = await findFfmpeg(process.env.PATH ?? "");
    const path = inFolder("deaf-ffmpeg");
    await writeFile(path, `#!/bin/sh\ntrap '' TERM\n"${found?.path}" "$@"\nwhile :; do sleep 0.05; done\n`);
    await chmod(path, 0o755);
    const { camera, pid } = await running(5_000, { locate: async () => found && { ...found, path } });
    camera.device.close();
    await camera[Symbol.asyncDispose]();
    expect(alive(pid)).toBe(false);
  });
});

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false; // ESRCH
  }
}
