import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import mqtt, { type IClientOptions } from "mqtt";
import { topicsOf } from "../../../agent/contract/topics.ts";
import { FaultProxy } from "../../../simulator/network/fault-proxy.ts";
import { Cloud } from "../../fixtures/cloud.ts";
import { InputDevice } from "../../fixtures/input-device.ts";
import { type Program, startProgram } from "../../fixtures/programs.ts";
import { until } from "../../fixtures/until.ts";

export interface ConformanceStory {
  port: number;
  deviceId: string;
  protocol: "5" | "3.1.1";
  /** How the agent gets in, as YAML below `broker`, and the cloud; in plain and without credentials unless told. */
  agent?: string;
  cloud?: IClientOptions;
}

/** What a broker did with the whole wire. */
export interface ConformanceResult {
  /** Topic, sequence and whether it rang, in the order of arrival. */
  presses: [topic: string, sequence: number, ring: boolean][];
  repeatedPresses: number;
  /** Snapshots that came, in the kind of file. */
  snapshots: number;
  clips: { whole: boolean; end: string }[];
  /** What is retained as the device's status: while it runs, after a reconnect, after `kill -9`, once it runs again, after its goodbye. */
  statuses: string[];
  /** Retained messages but status. */
  otherRetained: string[];
  trouble: string[];
  gaps: number;
}

/**
 * The real agent with a drawn camera on a broker: a press with snapshot and clip, a cut link, another press, `kill -9` and
 * the will, a second life, and a clean stop. A consumer gives receipts.
 */
export async function runConformance(story: ConformanceStory): Promise<ConformanceResult> {
  const folder = await mkdtemp(join(tmpdir(), "porchlight-conformance-"));
  const link = new FaultProxy({ host: "127.0.0.1", port: story.port });
  await link.start();
  const topics = topicsOf(story.deviceId);
  const version = { protocolVersion: story.protocol === "5" ? (5 as const) : (4 as const) };
  const scheme = story.cloud ? "mqtts" : "mqtt";
  const url = `${scheme}://127.0.0.1:${story.port}`;
  const cloud = await Cloud.connect(url, {
    deviceId: story.deviceId,
    client: { ...version, ...story.cloud },
  });
  const button = new InputDevice();
  const config = join(folder, "porchlight.yaml");
  await writeFile(
    config,
    `device: {id: ${story.deviceId}, dataFolder: data, clock: system}\nbutton: {device: ${button.path}}\n` +
      "camera: {source: test, widthPx: 320, heightPx: 180, bitrateKbps: 300}\nclip: {preRollMs: 1000, postRollMs: 1000}\n" +
      "uplink: {settle: receipt, reconnectMinMs: 100, reconnectMaxMs: 1000}\n" +
      `broker: {urls: ["${scheme}://127.0.0.1:${link.port}"], protocol: "${story.protocol}"${story.agent ?? ""}}\n`,
  );
  const start = () => startProgram("agent", ["agent", "--config", config]);
  const press = async () => {
    button.push(true);
    await pause(300);
    button.push(false);
  };
  const statuses: string[] = [];
  const otherRetained = new Set<string>();
  let watcherNumber = 0;
  /** A subscriber that comes now, by the exact topic: what is retained. */
  const retainedStatus = async (): Promise<string> => {
    const client = await mqtt.connectAsync(url, {
      ...version,
      ...story.cloud,
      ...(story.cloud
        ? { clientId: "watcher" }
        : { clientId: `watcher-${story.deviceId}-${watcherNumber++}` }),
    });
    let text = "";
    client.on("message", (topic, payload) => {
      if (topic === topics.status) text = payload.toString();
    });
    await client.subscribeAsync(topics.status, { qos: 1 });
    await until(() => text !== "", "a retained status").finally(() => client.endAsync());
    return JSON.parse(text).state;
  };
  const statusBecomes = async (state: string) => {
    const deadline = performance.now() + 10_000;
    let seen = await retainedStatus();
    while (seen !== state && performance.now() < deadline) seen = await retainedStatus();
    statuses.push(seen);
  };
  const pressesAre = (count: number) =>
    until(() => cloud.eventsOf("press").length === count, `press ${count}`, 20_000);
  const clipsAre = (count: number) => until(() => cloud.clips.length === count, `clip ${count}`, 30_000);
  const snapshots = () =>
    cloud.messages.filter(({ topic }) => topic.startsWith(`${topics.root}/snapshot/`)).length;
  const snapshotsAre = (count: number) =>
    until(() => snapshots() === count && cloud.eventsOf("snapshot").length === count, `snapshot ${count}`);
  const connected = (program: Program) => program.stdout().split("connected to the broker").length - 1;
  let agent = start();
  try {
    const first = agent;
    await until(() => cloud.eventsOf("camera").length > 0, "the camera", 60_000);
    await pause(1_100); // As long as a clip begins before its press.
    await statusBecomes("online");
    await press();
    await pressesAre(1);
    await clipsAre(1);
    await snapshotsAre(1);
    // Every receipt has come when nothing is said again after this.
    await until(() => eventsOfClipEnd(cloud) === 1, "the clip's last event");
    await pause(100);
    link.set({ kind: "cut" });
    link.set({ kind: "pass" });
    await until(() => connected(first) === 2, "the second connection", 15_000);
    await statusBecomes("online");
    await press();
    await pressesAre(2);
    await clipsAre(2);
    await snapshotsAre(2);
    await until(() => eventsOfClipEnd(cloud) === 2, "the second clip's last event");
    await agent.end("SIGKILL");
    await statusBecomes("offline");
    agent = start();
    await until(() => cloud.eventsOf("camera").length >= 2, "the camera again", 60_000);
    await statusBecomes("online");
    await agent.end("SIGTERM");
    await statusBecomes("stopped");
    for (const { topic, retain } of cloud.messages)
      if (retain && topic !== topics.status) otherRetained.add(topic);
    await cloud.settled();
    const pressMessages = cloud.messages.filter(({ topic }) => /\/(event|late)\/press$/.test(topic));
    return {
      presses: cloud
        .eventsOf("press")
        .map(({ topic, event, ring }) => [topic.split("/").slice(3).join("/"), event.sequence, ring]),
      repeatedPresses: pressMessages.length - cloud.eventsOf("press").length,
      snapshots: snapshots(),
      clips: cloud.clips.map(({ whole, end }) => ({ whole, end })),
      statuses,
      otherRetained: [...otherRetained],
      trouble: cloud.trouble,
      gaps: cloud.consumer.gapsOf(story.deviceId).length,
    };
  } catch (error) {
    const topicsSeen = cloud.messages.map(({ topic }) => topic).slice(-20);
    throw new Error(`${error}\n${agent.stdout().slice(-3_000)}${agent.stderr()}\n${topicsSeen.join("\n")}`);
  } finally {
    await agent.end("SIGTERM");
    await cloud.end();
    await link.stop();
    button.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

function eventsOfClipEnd(cloud: Cloud): number {
  return cloud
    .eventsOf("clip")
    .filter(({ known }) => known?.type === "clip" && known.data.state !== "recording").length;
}
