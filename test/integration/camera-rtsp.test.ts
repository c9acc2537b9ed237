import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { startRtspServer } from "../fixtures/rtsp-server.ts";
import { ringOnce, startSimulator } from "../fixtures/simulator-run.ts";
import { trackTimes } from "../fixtures/track-times.ts";
import { until } from "../fixtures/until.ts";

const FRAME_OF_SOUND_S = 1_024 / 44_100;
const PASSWORD = "c@mera's 100%/2";
const folder = mkdtempSync(join(tmpdir(), "porchlight-rtsp-"));
const passwordFile = join(folder, "password");
writeFileSync(passwordFile, `${PASSWORD}\n`, { mode: 0o600 });
afterAll(() => rmSync(folder, { recursive: true }));

describe.concurrent.each(["tcp", "udp"] as const)("an RTSP camera over %s", (transport) => {
  test.concurrent("is copied with its sound, and nobody can read its password", {
    timeout: 60_000,
  }, async () => {
    await using server = await startRtspServer({ username: "admin", password: PASSWORD });
    const seen: string[] = [];
    const looking = setInterval(() => seen.push(...commandLines("pipe:0")), 100);
    const yaml = {
      camera: `transport: ${transport}, username: admin, passwordFile: "${passwordFile}"`,
      sound: "record: true",
    };
    const { result, refusal } = await ringOnce(["--camera", server.url], yaml, async ({ clip }) => {
      const { video, sound } = await trackTimes(readFileSync(clip.path));
      expect(video[0]?.startS).toBe(0);
      expect(sound[0]?.startS).toBeLessThanOrEqual(FRAME_OF_SOUND_S);
      const end = (track: typeof video) => (track.at(-1)?.startS ?? 0) + (track.at(-1)?.durationS ?? 0);
      expect(Math.abs(end(sound) - end(video))).toBeLessThanOrEqual(FRAME_OF_SOUND_S + 1 / 15);
    });
    clearInterval(looking);
    expect(refusal).toBe("");
    expect(result?.clip.preRollS).toBeGreaterThanOrEqual(1.5);
    // Other tests' cameras may be among them.
    const captures = seen.filter((line) => line.includes("frag_every_frame"));
    expect(captures).toContainEqual(expect.stringMatching(/-c:v copy .*-c:a copy /));
    for (const line of seen) {
      expect(line).not.toContain("admin");
      for (const secret of [PASSWORD, encodeURIComponent(PASSWORD)]) expect(line).not.toContain(secret);
    }
  });
});

test.concurrent("the server dies in the middle of a clip and comes back: the clip tells it, another goes on", {
  timeout: 90_000,
}, async () => {
  await using server = await startRtspServer();
  await using run = startSimulator(["--json", "--camera", server.url], {
    clip: "preRollMs: 1500, postRollMs: 20000",
    camera: "restartMaxMs: 1000",
  });
  await until(() => run.all({ what: "camera-up" }).length === 1, "the camera is up", 20_000);
  run.say("ring");
  await until(() => run.all({ what: "clip-grew" }).length > 2, "it records", 10_000);
  await server.kill();
  await until(() => run.all({ what: "camera-down" }).length > 0, "the camera is down", 15_000);
  await using _again = await startRtspServer({ port: server.port, widthPx: 640, heightPx: 360 });
  await until(() => run.all({ what: "camera-up" }).length === 2, "it is up again", 20_000);
  expect(run.all({ what: "camera-up" })[1]).toMatchObject({ widthPx: 640, heightPx: 360, video: "copy" });
  await until(() => run.all({ what: "clip-whole" }).length === 2, "both clips have arrived", 40_000);
  const [first, second] = run.all({ what: "clip-whole" });
  expect(first).toMatchObject({ end: "camera-lost" });
  expect(second).toMatchObject({ end: "finished" });
  for (const file of readdirSync(run.received).filter((name) => name.endsWith(".mp4")))
    expect((await trackTimes(readFileSync(join(run.received, file)))).video[0]?.startS).toBe(0);
});

test.concurrent("a camera that goes silent is given up after its time, and told", {
  timeout: 60_000,
}, async () => {
  await using server = await startRtspServer({ sound: "none" });
  await using run = startSimulator(["--json", "--camera", server.url], { camera: "stallMs: 2000" });
  await until(() => run.all({ what: "camera-up" }).length === 1, "the camera is up", 20_000);
  server.stall();
  await until(() => run.all({ what: "camera-down" }).length > 0, "it is given up", 10_000);
  const [down] = run.all({ what: "camera-down" });
  expect(down?.reason).toMatch(/^stalled: rtsp:\/\/127\.0\.0\.1:\d+\/door gave no picture for 2000 ms$/);
});

test.concurrent("another codec, G.711 sound and a keyframe only every ten seconds", {
  timeout: 90_000,
}, async () => {
  await using hevc = await startRtspServer({ codec: "h265", sound: "pcmu" });
  await using rare = await startRtspServer({ gop: 150, sound: "none" });
  const look = async ({ clip }: { clip: { path: string } }) => {
    expect((await trackTimes(readFileSync(clip.path))).video[0]?.startS).toBe(0);
  };
  const [encoded, copied] = await Promise.all([
    ringOnce(["--camera", hevc.url], { sound: "record: true" }, look),
    ringOnce(["--camera", rare.url], {}, look),
  ]);
  expect(encoded.refusal).toBe("");
  expect(copied.refusal).toBe("");
  // It begins with the keyframe before the pre-roll, however far back that is.
  expect(copied.result?.clip.preRollS).toBeGreaterThanOrEqual(1.5);
});

test.concurrent("a wrong password is the operator's to put right, and is not repeated", {
  timeout: 30_000,
}, async () => {
  await using server = await startRtspServer({ username: "admin", password: "another one" });
  const yaml = { camera: `username: admin, passwordFile: "${passwordFile}"` };
  const { refusal } = await ringOnce(["--camera", server.url], yaml);
  expect(refusal).toMatch(
    /^porchlight-sim: rtsp:\/\/127\.0\.0\.1:\d+\/door refused the user name or password; set camera\.username and camera\.passwordFile/,
  );
  expect(refusal).not.toContain(PASSWORD);
});

/** Command lines of every process of this machine that has `word` in it. */
function commandLines(word: string): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => {
      try {
        return readFileSync(`/proc/${name}/cmdline`, "utf8").replaceAll("\0", " ");
      } catch (error) {
        if (error instanceof Error && "code" in error && error.code !== "EACCES") return ""; // It has just ended.
        throw error;
      }
    })
    .filter((line) => line.includes(word));
}
