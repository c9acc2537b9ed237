import { execFile } from "node:child_process";
import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { findFfmpeg } from "../../device/linux/ffmpeg/find-ffmpeg.ts";
import { grayPictures, makeCamera, monotonicMs } from "../fixtures/capture.ts";
import { until } from "../fixtures/until.ts";

const LEFT_HALF = "0,0 500,0 500,1000 0,1000";
let folder = "";
let white = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "porchlight-mask-"));
  white = join(folder, "white.mp4");
  await promisify(execFile)("ffmpeg", [
    ...["-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=white:s=640x360:r=15:d=30"],
    ...["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", "0", "-g", "15", white],
  ]);
});
afterAll(() => rm(folder, { recursive: true }));

test("a mask is over every picture and every still, also of a source that would be copied", async () => {
  const source = `file:${white}`;
  await using plain = await makeCamera({ source });
  plain.device.open();
  await until(() => plain.ups().length === 1, "it is up without a mask");
  expect(plain.ups()[0]?.video).toBe("copy");

  await using masked = await makeCamera({ source }, {}, { privacy: { masks: [LEFT_HALF] } });
  masked.device.open();
  await until(() => masked.sink.pairs.length >= 20, "twenty pictures", 20_000);
  expect(masked.ups()[0]?.video).toBe("encode");
  masked.device.takeStill({ eventId: "e1", atMs: monotonicMs(), maxBytes: 24_000 });
  await until(() => masked.stills().length === 1, "a still");
  const [still] = masked.stills();
  const size = { widthPx: still?.widthPx ?? 0, heightPx: still?.heightPx ?? 0 };
  const pictures = [
    ...(await grayPictures(masked.sink.file, { widthPx: 640, heightPx: 360 })).map((gray) => ({
      gray,
      width: 640,
    })),
    ...(await grayPictures(masked.sink.stills.get("e1") ?? new Uint8Array(), size)).map((gray) => ({
      gray,
      width: size.widthPx,
    })),
  ];
  expect(pictures.length).toBeGreaterThan(20);
  for (const { gray, width } of pictures)
    for (let i = 0; i < gray.length; i++) {
      const x = i % width;
      if (x < width / 2 - 2 && (gray[i] ?? 255) > 40) throw new Error(`something shines through at ${x}`);
      if (x > width / 2 + 8 && (gray[i] ?? 0) < 200) throw new Error(`something is covered at ${x}`);
    }
});

test("a board that cannot keep up refuses the camera and says why", { timeout: 60_000 }, async () => {
  const real = await findFfmpeg(process.env.PATH ?? "");
  if (!real) throw new Error("no ffmpeg");
  const slow = join(folder, "slow-ffmpeg");
  // Takes 20 kB of its output a second, which is less than the pictures need. It ends with ffmpeg, which it becomes.
  const trickle =
    'while chunk=$(head -c 2000 | base64 -w0) && [ -n "$chunk" ]; do printf %s "$chunk" | base64 -d; sleep 0.1; done';
  await writeFile(slow, `#!/bin/bash\nexec "${real.path}" "$@" > >(${trickle})\n`);
  await chmod(slow, 0o755);
  await using camera = await makeCamera(
    { source: "test", bitrateKbps: 2_000, stallMs: 20_000 },
    { locate: async () => ({ path: slow, version: real.version }) },
    { privacy: { masks: [LEFT_HALF] } },
  );
  camera.device.open();
  await until(() => camera.downs().length === 1, "it is refused", 50_000);
  expect(camera.downs()[0]).toMatchObject({
    fault: "operator",
    reason: expect.stringMatching(
      /^this board cannot decode, mask and encode 640x360 at 15\/s: it reached \d+ % of real time; lower camera\.widthPx, camera\.heightPx or camera\.framesPerSecond, or clear privacy\.masks$/,
    ),
  });
});
