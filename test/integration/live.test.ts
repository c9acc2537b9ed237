import { execFile, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, expect, test } from "vitest";
import type { OnceResult } from "../../simulator/live/once-result.ts";
import { startMosquitto } from "../fixtures/mosquitto.ts";
import { programFile } from "../fixtures/programs.ts";
import { until } from "../fixtures/until.ts";

const FOOTAGE = "/usr/share/doc/opencv-doc/examples/data/vtest.avi";
const root = mkdtempSync(join(tmpdir(), "porchlight-live-"));
/** A small picture and short clips: these tests are about the way of a clip, not about its size. */
const SMALL =
  "camera: {widthPx: 320, heightPx: 180, bitrateKbps: 300}\nclip: {preRollMs: 1500, postRollMs: 1500}\n";
const configOf = (device: string) => join(root, `${device}.yaml`);
for (const device of ["front-door", "back-door"])
  writeFileSync(configOf(device), `${SMALL}device: {id: ${device}}\n`);
const running = new Set<Live>();
afterEach(async () => {
  for (const one of running) one.child.kill("SIGKILL");
  await until(() => processesOf(root).length === 0, "every process has ended");
  running.clear();
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

test("--once --json with its own broker: one result, and everything in it is true", async () => {
  const result = await once([]);
  expect(result.broker).toEqual({
    url: expect.stringMatching(/^mqtt:\/\/127\.0\.0\.1:\d+$/),
    protocol: "3.1.1",
  });
  const { press, snapshot, clip } = result;
  expect(press.pressToEventMs).toBeGreaterThanOrEqual(40);
  expect(snapshot.width).toBeGreaterThan(0);
  expect(Math.abs(snapshot.frameOffsetMs)).toBeLessThanOrEqual(1_000);
  expect(clip.preRollS).toBeGreaterThanOrEqual(1.5);
  expect(clip.durationS).toBeGreaterThanOrEqual(3);
  expect(clip.framesMissing).toBe(0);
  const mp4 = readFileSync(clip.path);
  expect(mp4.length).toBe(clip.bytes);
  expect(createHash("sha256").update(mp4).digest("hex")).toBe(clip.sha256);
  const about = readFileSync(clip.path.replace(/mp4$/, "json"), "utf8");
  expect(JSON.parse(about)).toMatchObject({ id: clip.id, eventId: press.id, whole: true, end: "finished" });
  const { stdout } = await promisify(execFile)("ffprobe", [
    ...["-v", "error", "-show_entries", "format=start_time", "-of", "csv=p=0", clip.path],
  ]);
  expect(Number(stdout)).toBe(0);
  expect(readFileSync(snapshot.path).subarray(0, 2)).toEqual(Buffer.from([0xff, 0xd8]));
});

test("--once --json with mosquitto, in MQTT 5 and 3.1.1; footage without a counter", async () => {
  const mosquitto = await startMosquitto();
  try {
    const footage = ["--camera", `file:${FOOTAGE}`, "--protocol", "3.1.1", "--broker", mosquitto.url];
    const [five, three] = await Promise.all([once(["--broker", mosquitto.url]), once(footage, "back-door")]);
    expect(five.broker).toEqual({ url: mosquitto.url, protocol: "5" });
    expect(five.clip.framesMissing).toBe(0);
    expect(three.broker).toEqual({ url: mosquitto.url, protocol: "3.1.1" });
    expect(three.clip.framesMissing).toBe(null);
  } finally {
    await mosquitto.stop();
  }
});

test("--once that cannot succeed says why in one line, soon, and leaves nothing", async () => {
  const run = start(["--once", "--json", "--camera", `file:${join(root, "missing.mp4")}`]);
  expect(await run.ended).not.toBe(0);
  expect(run.stdout()).toBe("");
  expect(run.stderr().trimEnd().split("\n").at(-1)).toMatch(/^porchlight-sim: .*missing\.mp4/);
});

test("a second one on the same data folder is refused", async () => {
  const data = newData();
  const first = start(["--camera", "none", "--json"], data);
  await until(() => first.has({ what: "uplink", phase: "connected" }), "the first one is up");
  const second = start(["--camera", "none"], data);
  expect(await second.ended).toBe(2);
  expect(second.stderr()).toMatch(/^porchlight-sim: .+/);
  first.child.stdin.write("quit\n");
  expect(await first.ended).toBe(0);
});

test("a configuration that is wrong: its line, exit code 2", async () => {
  const run = start(["--protocol", "7"]);
  expect(await run.ended).toBe(2);
  expect(run.stderr()).toBe(
    'porchlight-sim: --protocol: broker.protocol: found "7", allowed: "5" or "3.1.1"\n',
  );
});

test("a clip of which a part had arrived when somebody quit comes whole in the next run", async () => {
  const data = newData();
  const first = start(["--json"], data);
  await until(() => first.has({ what: "camera-up" }), "the camera is up", 30_000);
  first.child.stdin.write("ring\n");
  await until(() => first.has({ what: "clip-received" }), "a part has arrived");
  first.child.stdin.write("broker\n");
  await until(() => first.has({ what: "broker", on: false }), "the broker is off");
  first.child.stdin.write("quit\n");
  expect(await first.ended).toBe(0);
  const clipId = first.find({ what: "clip-received" })?.clipId;
  expect(first.has({ what: "clip-whole", clipId })).toBe(false);
  const second = start(["--json", "--camera", "none"], data);
  await until(() => second.has({ what: "clip-whole", clipId }), "the clip is whole");
  expect(readdirSync(join(data, "received", "partial"))).toEqual([]);
  second.child.kill("SIGINT");
  expect(await second.ended).toBe(0);
});

test("broker off and on: what was rung meanwhile arrives, and its clip comes whole", async () => {
  const run = start(["--json"]);
  await until(
    () => run.has({ what: "camera-up" }) && run.has({ what: "uplink", phase: "connected" }),
    "it is up",
    30_000,
  );
  run.child.stdin.write("broker\n");
  await until(() => run.has({ what: "broker", on: false }), "the broker is off");
  run.child.stdin.write("ring\n");
  await until(() => run.has({ what: "clip-grew" }), "it records");
  expect(run.has({ what: "event", type: "press" })).toBe(false);
  run.child.stdin.write("broker\n");
  await until(() => run.has({ what: "event", type: "press", late: false }), "the press has arrived");
  await until(() => run.has({ what: "clip-whole", end: "finished" }), "its clip is whole", 15_000);
  run.child.stdin.write("quit\n");
  expect(await run.ended).toBe(0);
});

test("on a terminal: a screen of its own, keys, and the terminal as it was afterwards", async () => {
  const command = `stty cols 100 rows 30; exec ${process.execPath} ${programFile("simulator")} live --camera none --data ${newData()}`;
  const child = spawn("/usr/bin/script", ["-qefc", command, "/dev/null"], {
    stdio: ["pipe", "pipe", "ignore"],
  });
  const run = watch(child);
  await until(() => run.stdout().includes("space"), "the keys are shown");
  child.stdin.write(" ");
  await until(() => run.stdout().includes("rang once"), "it rang");
  child.stdin.write("q");
  expect(await run.ended).toBe(0);
  const [, afterwards] = run.stdout().split("\u001b[?1049l");
  expect(run.stdout()).toContain("\u001b[?1049h");
  expect(run.stdout()).toContain("\u001b[?25h");
  expect(afterwards).toContain("What was received is in");
});

interface Live {
  child: ReturnType<typeof spawn> & { stdin: NonNullable<ReturnType<typeof spawn>["stdin"]> };
  stdout(): string;
  stderr(): string;
  ended: Promise<number | null>;
  /** Of the JSON lines so far, the first that has all of these. */
  find(facts: Record<string, unknown>): Record<string, unknown> | undefined;
  has(facts: Record<string, unknown>): boolean;
}

async function once(args: readonly string[], device = "front-door"): Promise<OnceResult> {
  const run = start(["--once", "--json", ...args], newData(), device);
  const code = await run.ended;
  expect(run.stderr()).toBe("");
  expect(code).toBe(0);
  const lines = run.stdout().trimEnd().split("\n");
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? "");
}

function start(args: readonly string[], data = newData(), device = "front-door"): Live {
  const settings = ["--data", data, "--config", configOf(device)];
  return watch(spawn(process.execPath, [programFile("simulator"), "live", ...settings, ...args]));
}

function watch(child: Live["child"]): Live {
  let stdout = "";
  let stderr = "";
  child.stdout?.on("data", (text) => {
    stdout += text;
  });
  child.stderr?.on("data", (text) => {
    stderr += text;
  });
  const lines = () =>
    stdout
      .split("\n")
      .slice(0, -1)
      .map((line): Record<string, unknown> => JSON.parse(line));
  const find = (facts: Record<string, unknown>) =>
    lines().find((line) => Object.entries(facts).every(([name, value]) => line[name] === value));
  const live: Live = {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    ended: new Promise((resolve) => child.once("close", resolve)),
    find,
    has: (facts) => find(facts) !== undefined,
  };
  running.add(live);
  return live;
}

let folders = 0;
function newData(): string {
  return join(root, `data-${++folders}`);
}

/** Every process whose arguments name the folder: the simulators, and their ffmpeg by the scene's pictures. */
function processesOf(folder: string): string[] {
  return readdirSync("/proc").filter((name) => {
    if (!/^\d+$/.test(name)) return false;
    try {
      return readFileSync(`/proc/${name}/cmdline`, "utf8").includes(folder);
    } catch {
      return false; // It has just ended.
    }
  });
}
