import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import mqtt, { type MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DiscoveryMessage } from "../../agent/contract/home-assistant.ts";
import { FaultProxy } from "../../simulator/network/fault-proxy.ts";
import { discoveryProblems, listensTo } from "../fixtures/home-assistant.ts";
import { InputDevice } from "../fixtures/input-device.ts";
import { type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { type Program, startProgram } from "../fixtures/programs.ts";
import { until } from "../fixtures/until.ts";

const TOPIC = "homeassistant/device/porchlight/front-door/config";
interface Heard {
  topic: string;
  text: string;
  retain: boolean;
}

let folder: string;
let mosquitto: Mosquitto;
let link: FaultProxy;
let button: InputDevice;
let homeAssistant: MqttClient;
const heard: Heard[] = [];
const on = (topic: string) => heard.filter((one) => one.topic === topic);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "porchlight-ha-"));
  mosquitto = await startMosquitto();
  link = new FaultProxy({ host: "127.0.0.1", port: mosquitto.port });
  await link.start();
  button = new InputDevice();
  homeAssistant = await mqtt.connectAsync(mosquitto.url, { protocolVersion: 5 });
  homeAssistant.on("message", (topic, payload, { retain }) => {
    heard.push({ topic, text: payload.toString(), retain });
  });
});

afterAll(async () => {
  await homeAssistant.endAsync();
  await link.stop();
  await mosquitto.stop();
  button.remove();
  await rm(folder, { recursive: true, force: true });
});

/** A clock that nobody vouches for: a press of an earlier start is late, however young. */
async function startAgent(settings: string): Promise<Program> {
  const config = join(folder, "porchlight.yaml");
  await writeFile(
    config,
    `device: {dataFolder: data, clock: timesyncd}\nbutton: {device: ${button.path}}\n` +
      `camera: {source: test, widthPx: 320, heightPx: 180}\nclip: {preRollMs: 0, postRollMs: 1000}\n` +
      `broker: {urls: ["${link.url}"]}\nuplink: {reconnectMaxMs: 1000}\nhomeAssistant: {${settings}}\n`,
  );
  return startProgram("agent", ["agent", "--config", config, "--journal", join(folder, "journal")]);
}

async function press(): Promise<void> {
  button.push(true);
  await pause(120);
  button.push(false);
}

test("a doorbell introduces itself to Home Assistant, again when that starts, and leaves when asked to", async () => {
  const agent = await startAgent("enabled: true, snapshots: true, deviceName: Front door");
  try {
    await until(() => agent.stdout().includes("camera up"), "the camera", 20_000);
    await homeAssistant.subscribeAsync("homeassistant/#", { qos: 1 });
    await until(() => on(TOPIC).length > 0, "the announcement");
    const [announced] = on(TOPIC);
    expect(announced?.retain).toBe(true);
    expect(discoveryProblems(TOPIC, "homeassistant", announced?.text ?? "")).toEqual([]);
    const { availability, cmps }: DiscoveryMessage = JSON.parse(announced?.text ?? "");
    const image = "image_topic" in cmps.snapshot ? cmps.snapshot.image_topic : "";
    const topics = [availability[0].topic, cmps.ring.state_topic, cmps.outbox.state_topic, image];
    await homeAssistant.subscribeAsync(topics, { qos: 1 });
    await until(() => on(availability[0].topic).length > 0, "the status, which is retained");

    await homeAssistant.publishAsync("homeassistant/status", "online", { qos: 1 });
    await press();
    await until(() => on(cmps.ring.state_topic).length === 1, "the ring");
    await until(() => heard.some(({ topic }) => listensTo(image, topic)), "the snapshot");
    await until(() => on(TOPIC).length === 2, "the announcement after the birth message", 15_000);
    await until(() => on(cmps.outbox.state_topic).length > 0, "its health", 15_000);
    expect(JSON.parse(on(cmps.outbox.state_topic).at(-1)?.text ?? "")).toMatchObject({ camera: "up" });

    link.set({ kind: "black-hole" });
    await press();
    const journal = () => readFile(join(folder, "journal"), "utf8");
    const durable = /"type":"store\.appended"[^\n]*"lane":"press"/g;
    for (let i = 0; i < 200 && ((await journal()).match(durable) ?? []).length < 2; i++) await pause(20);
    expect(((await journal()).match(durable) ?? []).length).toBe(2);
    await agent.end("SIGKILL");
    link.set({ kind: "cut" });
    link.set({ kind: "pass" });

    const ring = cmps.ring.state_topic;
    const late = ring.replace("/event/", "/late/");
    await homeAssistant.subscribeAsync(late, { qos: 1 });
    const again = await startAgent("remove: true");
    await until(() => on(late).length > 0, "the late press", 20_000);
    expect(on(ring)).toHaveLength(1);
    await until(() => on(TOPIC).at(-1)?.text === "", "the removal");
    expect(await retained(mosquitto.url)).toEqual([]);
    await again.end("SIGTERM");
  } finally {
    await agent.end("SIGKILL");
  }
});

/** What a Home Assistant that starts now would find. */
async function retained(url: string): Promise<string[]> {
  const found: string[] = [];
  const client = await mqtt.connectAsync(url, { protocolVersion: 5 });
  client.on("message", (topic) => found.push(topic));
  await client.subscribeAsync("homeassistant/#", { qos: 1 });
  // What is retained comes before what is published after the subscription.
  await client.subscribeAsync("marker");
  client.publish("marker", "");
  await until(() => found.includes("marker"), "the end of what is retained");
  await client.endAsync();
  return found.filter((topic) => topic !== "marker");
}
