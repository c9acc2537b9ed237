import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import mqtt from "mqtt";
import { InputDevice } from "../fixtures/input-device.ts";
import { startMosquitto } from "../fixtures/mosquitto.ts";
import { programFile } from "../fixtures/programs.ts";
import { makeSlowNetwork, type SlowNetwork } from "../fixtures/slow-network.ts";
import { until } from "../fixtures/until.ts";
import { difference, information, quantile, type Row } from "./row.ts";

const PRESSES = 60;
/** Without pacing each takes seconds. */
const PRESSES_UNPACED = 15;
/** What the link's queue holds before it drops. */
const QUEUE_MS = 2_000;
const UNPACED = "uplink: {windowMs: 10000, windowBytes: 67108864, ackTimeoutMs: 30000}\n";

/** A press while a clip uploads through a slow link, against the same link without a clip, and without the pacing. */
export async function slowLinkRows(): Promise<Row[]> {
  const what = `press while a clip uploads through 1 Mbit/s (tc tbf, queue ${QUEUE_MS} ms)`;
  if (process.getuid?.() !== 0)
    return [{ what, reference: "without the clip", results: [], note: "not measured: needs root" }];
  const network = await makeSlowNetwork();
  const broker = await startMosquitto({
    config: [`listener 1884 ${network.address}`, "allow_anonymous true"],
  });
  try {
    const measure = (kbitPerS: number, camera: "none" | "test", more = "") =>
      presses(network, {
        kbitPerS,
        camera,
        more,
        brokerUrl: broker.url,
        count: more === "" ? PRESSES : PRESSES_UNPACED,
      });
    const without = await measure(1_000, "none");
    const paced = await measure(1_000, "test");
    const slowestWithout = await measure(256, "none");
    const slowest = await measure(256, "test");
    const unpaced = await measure(1_000, "test", UNPACED);
    return [
      {
        what,
        reference: "without the clip",
        results: [
          difference("p50", "ms", quantile(paced, 0.5), quantile(without, 0.5), 250),
          difference("p99", "ms", quantile(paced, 0.99), quantile(without, 0.99), 250),
          difference("p99, 256 kbit/s", "ms", quantile(slowest, 0.99), quantile(slowestWithout, 0.99), 250),
          information("p50, pacing off", "ms", quantile(unpaced, 0.5), quantile(without, 0.5)),
          information("p99, pacing off", "ms", quantile(unpaced, 0.99), quantile(without, 0.99)),
        ],
      },
    ];
  } finally {
    await broker.stop();
    await network.remove();
  }
}

interface Condition {
  kbitPerS: number;
  camera: "none" | "test";
  more: string;
  brokerUrl: string;
  count: number;
}

/** From the edge to the event at a subscriber beside the broker, in ms, of each press. */
async function presses(network: SlowNetwork, condition: Condition): Promise<number[]> {
  await network.shape(condition.kbitPerS, QUEUE_MS);
  const folder = await mkdtemp(join(tmpdir(), "porchlight-bench-"));
  const button = new InputDevice();
  const config = join(folder, "porchlight.yaml");
  await writeFile(
    config,
    `device: {dataFolder: data, clock: system}\nbutton: {device: ${button.path}, maxPerMinute: 600}\n` +
      `camera: {source: ${condition.camera}}\nclip: {postRollMs: 60000, maxMs: 600000}\n` +
      `broker: {urls: ["mqtt://${network.address}:1884"], allowPlaintext: true}\n${condition.more}`,
  );
  const subscriber = await mqtt.connectAsync(condition.brokerUrl, { protocolVersion: 5 });
  const arrivedAt: number[] = [];
  let segments = 0;
  let online = false;
  subscriber.on("message", (topic, payload) => {
    if (/\/(event|late)\/press$/.test(topic)) arrivedAt.push(performance.now());
    else if (/\/clip\/[^/]+\/\d+\//.test(topic)) segments += 1;
    else if (topic.endsWith("/event/camera") || (condition.camera === "none" && topic.endsWith("/status")))
      online ||= payload.length > 0;
  });
  await subscriber.subscribeAsync("porchlight/v1/#", { qos: 1 });
  const command = [...network.prefix, process.execPath, programFile("agent"), "agent", "--config", config];
  const agent = spawn(command[0] ?? "", command.slice(1), { stdio: ["ignore", "ignore", "inherit"] });
  try {
    await until(() => online, "the doorbell is there", 30_000);
    await pause(condition.camera === "test" ? 6_000 : 1_000);
    await press(button);
    if (condition.camera === "test") await until(() => segments > 3, "the clip uploads", 60_000);
    await until(() => arrivedAt.length === 1, "the first press", 60_000);
    // The window opens to the link's rate.
    await pause(3_000);
    const took: number[] = [];
    for (let i = 0; i < condition.count; i++) {
      const before = segments;
      const pressedAt = performance.now();
      await press(button);
      await until(() => arrivedAt.length === i + 2, "the press", 60_000);
      took.push((arrivedAt.at(-1) ?? 0) - pressedAt);
      if (condition.camera === "test") await until(() => segments > before, "the clip still uploads", 60_000);
      await pause(300 + ((i * 97) % 400));
    }
    return took;
  } finally {
    agent.kill("SIGKILL");
    if (agent.exitCode === null) await once(agent, "exit");
    await subscriber.endAsync();
    button.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

async function press(button: InputDevice): Promise<void> {
  button.push(true);
  await pause(60);
  button.push(false);
}
