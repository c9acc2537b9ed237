import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { afterAll, beforeAll } from "vitest";
import { childrenWith, makeCamera, monotonicMs } from "../fixtures/capture.ts";
import { until } from "../fixtures/until.ts";
import { type CameraWorld, cameraSuite } from "./camera.ts";

let folder = "";
const video = () => join(folder, "door.mp4");

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "porchlight-camera-"));
  const scene = ["-f", "lavfi", "-i", "testsrc2=s=320x240:r=10:d=30"];
  const format = ["-c:v", "libx264", "-preset", "ultrafast", "-bf", "0", "-g", "10", "-pix_fmt", "yuv420p"];
  await promisify(execFile)("ffmpeg", ["-nostdin", "-v", "error", ...scene, ...format, video()]);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function lookingAt(source: string): Promise<CameraWorld> {
  // The scene is drawn once, and kept for all tests.
  const made = await makeCamera(
    { source, widthPx: 320, heightPx: 240, bitrateKbps: 400 },
    { cacheFolder: join(folder, "scene") },
  );
  return {
    camera: made.device,
    sink: made.sink,
    monotonicMs,
    sha256: (_still, jpeg) => createHash("sha256").update(jpeg).digest("hex"),
    crash: async () => {
      for (const pid of await childrenWith("frag_every_frame")) process.kill(pid, "SIGKILL");
    },
    until: (met, what) => until(met, what, 20_000),
    settle: () => pause(300),
    end: () => made[Symbol.asyncDispose](),
  };
}

cameraSuite("ffmpeg and the drawn scene", () => lookingAt("test"));
cameraSuite("ffmpeg and a file", () => lookingAt(`file:${video()}`));
