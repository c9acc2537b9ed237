import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { clipToMp4 } from "../../agent/consumer/index.ts";
import { framesMissing } from "../../simulator/live/frame-count.ts";
import { FaultProxy } from "../../simulator/network/fault-proxy.ts";
import { Cloud } from "../fixtures/cloud.ts";
import { InputDevice } from "../fixtures/input-device.ts";
import { startMosquitto } from "../fixtures/mosquitto.ts";
import { commandOf, factsOf, type ProcessFacts } from "../fixtures/process-facts.ts";
import { startProgram } from "../fixtures/programs.ts";
import { until } from "../fixtures/until.ts";

const PRESS_EVERY_MS = 30_000;
const LOOK_EVERY_MS = 10_000;
/** The link breaks for so long each so often. */
const OUTAGE_EVERY_MS = 600_000;
const OUTAGE_MS = 20_000;
const MB = 1_048_576;
/** Memory that grows by less than this in an hour is flat: allocators and SQLite's cache breathe. */
const FLAT_MB_AN_HOUR = 6;

interface Sample extends ProcessFacts {
  atMs: number;
}

/**
 * The device's own program for an hour: camera, motion, a press and a clip each half minute, a link that breaks now
 * and then. Memory stays flat, no descriptor, thread or process is left over, no picture is missing from any clip.
 * @throws Error that says what did not hold.
 */
export async function soakHour(minutes: number): Promise<string[]> {
  const folder = await mkdtemp(join(tmpdir(), "porchlight-hour-"));
  const mosquitto = await startMosquitto();
  const link = new FaultProxy({ host: "127.0.0.1", port: mosquitto.port });
  await link.start();
  const cloud = await Cloud.connect(mosquitto.url);
  const button = new InputDevice();
  const config = join(folder, "porchlight.yaml");
  await writeFile(
    config,
    `device: {dataFolder: data, clock: system}\nbutton: {device: ${button.path}}\ncamera: {source: test}\n` +
      `broker: {urls: ["${link.url}"]}\nuplink: {settle: receipt, reconnectMaxMs: 2000}\nspool: {maxBytes: 67108864}\n`,
  );
  const agent = startProgram("agent", ["agent", "--config", config]);
  const pid = agent.child.pid ?? 0;
  const samples: Sample[] = [];
  const clips = { checked: 0, pictures: 0, missing: 0, notWhole: 0 };
  let presses = 0;
  try {
    await until(() => cloud.eventsOf("camera").length > 0, "the camera", 20_000);
    await pause(6_000);
    const beganMs = performance.now();
    const endsMs = beganMs + minutes * 60_000;
    for (let nextPressMs = beganMs; performance.now() < endsMs; ) {
      const nowMs = performance.now();
      if (nowMs >= nextPressMs) {
        nextPressMs += PRESS_EVERY_MS;
        presses += 1;
        await press(button);
      }
      const inOutage = (nowMs - beganMs) % OUTAGE_EVERY_MS > OUTAGE_EVERY_MS - OUTAGE_MS;
      link.set({ kind: inOutage ? "cut" : "pass" });
      samples.push({ atMs: nowMs - beganMs, ...factsOf(pid) });
      if (samples.length % 6 === 0) say(samples, presses, clips);
      await checkClips(cloud, folder, clips);
      await pause(Math.max(0, nowMs + LOOK_EVERY_MS - performance.now()));
    }
    link.set({ kind: "pass" });
    await until(() => cloud.eventsOf("press").length >= presses, "every press", 60_000);
    await until(() => cloud.clips.length + clips.checked >= presses, "every clip", 60_000);
    await checkClips(cloud, folder, clips);
    const before = factsOf(pid).descendants;
    await agent.end("SIGTERM");
    const left = before.filter((child) => commandOf(child).length > 0);
    return judge(samples, { presses, clips, trouble: cloud.trouble, gaps: cloud.gaps.length, left });
  } finally {
    await agent.end("SIGKILL");
    await cloud.end();
    await link.stop();
    await mosquitto.stop();
    button.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

async function press(button: InputDevice): Promise<void> {
  button.push(true);
  await pause(120);
  button.push(false);
}

async function checkClips(
  cloud: Cloud,
  folder: string,
  clips: { checked: number; pictures: number; missing: number; notWhole: number },
): Promise<void> {
  await cloud.settled();
  for (const { bytes, whole, manifest } of cloud.clips.splice(0)) {
    const path = join(folder, "clip.mp4");
    await writeFile(path, (await clipToMp4(bytes)).mp4);
    const missing = await framesMissing(path, 1_280, 720);
    clips.checked += 1;
    clips.missing += missing ?? 1;
    clips.pictures += Math.round((manifest.durationMs * 15) / 1_000);
    if (!whole) clips.notWhole += 1;
  }
}

function say(samples: readonly Sample[], presses: number, clips: { checked: number; missing: number }): void {
  const last = samples.at(-1);
  if (!last) return;
  process.stderr.write(
    `hour: ${Math.round(last.atMs / 60_000)} min, ${(last.residentBytes / MB).toFixed(1)} MB, ` +
      `${last.descriptors} descriptors, ${last.threads} threads, ${last.descendants.length} processes; ` +
      `${presses} presses, ${clips.checked} clips, ${clips.missing} pictures missing\n`,
  );
}

interface Told {
  presses: number;
  clips: { checked: number; pictures: number; missing: number; notWhole: number };
  trouble: string[];
  gaps: number;
  left: number[];
}

function judge(samples: readonly Sample[], told: Told): string[] {
  const lastMs = samples.at(-1)?.atMs ?? 0;
  // A third of the time is warm-up: Node's heap finds its size, and its allocator the holes that the ring leaves.
  const warm = samples.filter(({ atMs }) => atMs >= lastMs / 3);
  const resident = warm.map(({ residentBytes }) => residentBytes / MB);
  const growthMb = slope(
    warm.map(({ atMs }) => atMs / 3_600_000),
    resident,
  );
  const ends = (of: (sample: Sample) => number) => {
    const fifth = Math.max(1, Math.floor(warm.length / 5));
    return [Math.max(...warm.slice(0, fifth).map(of)), Math.max(...warm.slice(-fifth).map(of))] as const;
  };
  const descriptors = ends((sample) => sample.descriptors);
  const threads = ends((sample) => sample.threads);
  const processes = ends((sample) => sample.descendants.length);
  const { presses, clips, trouble, gaps, left } = told;
  const wrong = [
    growthMb > FLAT_MB_AN_HOUR && `memory grows by ${growthMb.toFixed(1)} MB an hour`,
    descriptors[1] > descriptors[0] + 2 && `descriptors: ${descriptors.join(" → ")}`,
    threads[1] > threads[0] && `threads: ${threads.join(" → ")}`,
    processes[1] > processes[0] && `processes: ${processes.join(" → ")}`,
    clips.missing > 0 && `${clips.missing} pictures are missing`,
    clips.notWhole > 0 && `${clips.notWhole} clips are not whole`,
    clips.checked < presses && `${clips.checked} clips of ${presses} presses`,
    trouble.length > 0 && trouble.join("; "),
    gaps > 0 && `${gaps} gaps`,
    left.length > 0 && `processes left over: ${left.join(", ")}`,
  ].filter((line) => line !== false);
  if (wrong.length > 0) throw new Error(wrong.join("; "));
  return [
    `${Math.round(lastMs / 60_000)} minutes, ${presses} presses, ${clips.checked} clips whole with ${clips.pictures} pictures, none missing`,
    `memory ${Math.min(...resident).toFixed(1)} to ${Math.max(...resident).toFixed(1)} MB, trend ${growthMb.toFixed(2)} MB an hour`,
    `descriptors ${descriptors.join(" → ")}, threads ${threads.join(" → ")}, processes ${processes.join(" → ")}, none left after its end`,
  ];
}

/** Of the straight line nearest to the points (least squares). */
function slope(x: readonly number[], y: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanX, meanY] = [mean(x), mean(y)];
  const above = x.reduce((sum, value, i) => sum + (value - meanX) * ((y[i] ?? 0) - meanY), 0);
  const below = x.reduce((sum, value) => sum + (value - meanX) ** 2, 0);
  return below === 0 ? 0 : above / below;
}
