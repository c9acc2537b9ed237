import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import mqtt from "mqtt";
import { LinuxStorage } from "../../device/linux/storage/linux-storage.ts";
import type { FragmentStoreInput } from "../../device/ports/fragment-store.ts";
import type { StoreInput } from "../../device/ports/store.ts";
import { type Program, startProgram } from "../fixtures/programs.ts";
import { until } from "../fixtures/until.ts";
import type { BareJob } from "./bare-process.ts";

/** Runs `work` with an empty folder for an agent, and removes it. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), "porchlight-bench-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The device's own program as a process. `more`: further lines of its configuration. */
export async function startAgent(
  folder: string,
  brokerUrl: string,
  more: string,
  deviceId = "front-door",
): Promise<Program> {
  const config = join(folder, "porchlight.yaml");
  const lines = [
    `device: {id: ${deviceId}, dataFolder: data, clock: system}`,
    `broker: {urls: ["${brokerUrl}"]}`,
    more,
  ];
  await writeFile(config, `${lines.join("\n")}\n`);
  return startProgram("agent", ["agent", "--config", config]);
}

/** The storage of that agent while it does not run, with what it has posted. */
export async function openStorage(folder: string) {
  const storage = new LinuxStorage({
    folder: join(folder, "data"),
    spool: { maxBytes: 536_870_912, maxAgeMs: 259_200_000 },
    clip: { preRollMs: 4_000, ringMaxBytes: 33_554_432 },
    clock: {
      monotonicMs: () => Math.floor(performance.now()),
      read: () => ({ monotonicMs: Math.floor(performance.now()), utcMs: Date.now(), trust: "synced" }),
    },
  });
  const inputs: (StoreInput | FragmentStoreInput)[] = [];
  storage.store.start((input) => inputs.push(input));
  storage.clips.start((input) => inputs.push(input));
  storage.store.open(EPOCH, Date.now());
  const count = (type: (typeof inputs)[number]["type"]) =>
    inputs.filter((input) => input.type === type).length;
  await until(() => count("store.opened") === 1, "the outbox");
  return {
    ...storage,
    inputs,
    count,
    close: async () => {
      await storage.clips.stop();
      await storage.store.stop();
    },
  };
}

/** Of what an earlier run is to have left. */
export const EPOCH = "00000000000000aa";

/** Waits at a subscriber of `topics` for the first message that is `first` until one is `last`: the ms between them. */
export async function stopwatch(
  brokerUrl: string,
  topics: string[],
  isFirst: (topic: string) => boolean,
  isLast: (topic: string) => boolean,
): Promise<{ ms(): Promise<number> }> {
  const subscriber = await mqtt.connectAsync(brokerUrl, { protocolVersion: 5 });
  let firstMs = 0;
  let lastMs = 0;
  subscriber.on("message", (topic) => {
    if (firstMs === 0 && isFirst(topic)) firstMs = performance.now();
    if (lastMs === 0 && isLast(topic)) lastMs = performance.now();
  });
  await subscriber.subscribeAsync(topics, { qos: 1 });
  return {
    ms: async () => {
      await until(() => lastMs > 0, "the last message", 120_000);
      await subscriber.endAsync();
      return lastMs - firstMs;
    },
  };
}

/** A bare MQTT.js client in a process of its own does `job`. */
export async function runBare(job: BareJob): Promise<void> {
  const child = fork(fileURLToPath(new URL("./bare-process.js", import.meta.url)), [JSON.stringify(job)]);
  const [code] = await once(child, "exit");
  if (code !== 0) throw new Error(`the bare client ended with ${code}`);
}
