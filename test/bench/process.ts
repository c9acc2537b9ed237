import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import mqtt from "mqtt";
import { InputDevice } from "../fixtures/input-device.ts";
import { programFile } from "../fixtures/programs.ts";
import { difference, quantile, type Row } from "./row.ts";

const MAIN = programFile("agent");
const STARTS = 7;

/** The device's own program as a process: its memory at rest, and how soon it hears a press. */
export async function processRows(brokerUrl: string): Promise<Row[]> {
  return [await memoryRow(brokerUrl), await startRow(brokerUrl)];
}

async function memoryRow(brokerUrl: string): Promise<Row> {
  const folder = await mkdtemp(join(tmpdir(), "porchlight-bench-"));
  const idle = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e9)"]);
  const agent = spawn(process.execPath, [
    MAIN,
    "agent",
    "--broker",
    brokerUrl,
    "--data",
    folder,
    "--camera",
    "test",
  ]);
  agent.stdout.resume();
  // At rest: the ring is full and the first clips' garbage is gone.
  await pause(30_000);
  const ours = (await residentBytes(agent)) / 1e6;
  const bare = (await residentBytes(idle)) / 1e6;
  for (const child of [idle, agent]) await kill(child, "SIGTERM");
  await rm(folder, { recursive: true });
  return {
    what: "agent's memory without ffmpeg, hot camera, 30 s after its start",
    reference: "an idle Node process",
    results: [difference("resident", "MB", ours, bare, 60)],
  };
}

async function startRow(brokerUrl: string): Promise<Row> {
  const ours: number[] = [];
  const bare: number[] = [];
  const subscriber = await mqtt.connectAsync(brokerUrl);
  await subscriber.subscribeAsync("porchlight/v1/+/event/press", { qos: 1 });
  for (let i = 0; i < STARTS; i++) {
    const folder = await mkdtemp(join(tmpdir(), "porchlight-bench-"));
    const device = new InputDevice();
    // Pushed before the agent is there and held: its time counts from the push, so that the hold has gone by when it listens.
    device.push(true);
    const pressed = new Promise((resolve) => subscriber.once("message", resolve));
    const startedAt = performance.now();
    const agent = spawn(process.execPath, [
      MAIN,
      "agent",
      "--broker",
      brokerUrl,
      "--data",
      folder,
      "--button",
      device.path,
    ]);
    agent.stdout.resume();
    await pressed;
    ours.push(performance.now() - startedAt);
    await kill(agent, "SIGTERM");
    device.remove();
    await rm(folder, { recursive: true });
    const nodeStartedAt = performance.now();
    const node = spawn(process.execPath, ["-e", "0"]);
    await once(node, "exit");
    bare.push(performance.now() - nodeStartedAt);
  }
  await subscriber.endAsync();
  return {
    what: "start → the press is heard, durable or not, and at a subscriber",
    reference: "Node's own start",
    results: [difference("p50", "ms", quantile(ours, 0.5), quantile(bare, 0.5), 400)],
  };
}

async function residentBytes(child: ChildProcess): Promise<number> {
  const status = await readFile(`/proc/${child.pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1]) * 1_024;
}

async function kill(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const exit = once(child, "exit");
  child.kill(signal);
  await exit;
}
