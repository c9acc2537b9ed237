import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import mqtt, { type MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { PorchlightEvent } from "../../agent/contract/events.ts";
import { FILE_REASON } from "../../agent/contract/file-transfer.ts";
import { EmbeddedBroker } from "../../simulator/network/embedded-broker.ts";
import { FileTransferServer } from "../../simulator/network/file-transfer-server.ts";
import { InputDevice } from "../fixtures/input-device.ts";
import { startProgram } from "../fixtures/programs.ts";
import { until } from "../fixtures/until.ts";

let folder: string;
let files: FileTransferServer;
let broker: EmbeddedBroker;
let button: InputDevice;
let subscriber: MqttClient;
const topics: string[] = [];
const clips: PorchlightEvent<"clip">["data"][] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "porchlight-files-"));
  files = new FileTransferServer(join(folder, "broker"));
  broker = new EmbeddedBroker({ fileTransfer: files });
  await broker.start();
  button = new InputDevice();
  subscriber = await mqtt.connectAsync(broker.url, { protocolVersion: 4 });
  subscriber.on("message", (topic, payload) => {
    topics.push(topic);
    if (topic.endsWith("/event/clip")) clips.push(JSON.parse(payload.toString()).data);
  });
  await subscriber.subscribeAsync("#", { qos: 1 });
});

afterAll(async () => {
  await subscriber.endAsync();
  await broker.stop();
  button.remove();
  await rm(folder, { recursive: true, force: true });
});

const told = (state: string) => clips.filter((clip) => clip.state === state);

test("clips become files of a broker that stores them, whatever it asks for; nobody else sees them", async () => {
  const config = join(folder, "porchlight.yaml");
  await writeFile(
    config,
    `device: {dataFolder: data, clock: system}\nbutton: {device: ${button.path}}\n` +
      `camera: {source: test, widthPx: 320, heightPx: 180}\n` +
      `broker: {urls: ["${broker.url}"], protocol: "3.1.1"}\n` +
      'clip: {prefix: "$file-async", preRollMs: 500, postRollMs: 1000, segmentBytes: 8192}\n',
  );
  files.answerNext({ command: "segment", code: FILE_REASON.resend, times: 2 });
  files.answerNext({ command: "fin", code: FILE_REASON.resend, times: 1 });
  const agent = startProgram("agent", ["agent", "--config", config]);
  try {
    await until(() => agent.stdout().includes("camera up"), "the camera", 20_000);
    await press();
    await until(() => told("recorded").length === 1, "the end of the clip", 20_000);
    const [clip] = told("recorded");
    const file = () => files.fileOf("front-door", clip?.clipId ?? "");
    await until(() => file() !== null, "the file", 20_000);
    const { name, bytes } = file() ?? { name: "", bytes: Buffer.alloc(0) };
    expect(name).toBe(`${clip?.clipId}.tar`);
    expect(createHash("sha256").update(bytes).digest("hex")).toBe(clip?.sha256);
    expect(bytes.length).toBe(clip?.bytes);
    const refused = files.commands.filter(({ code }) => code !== 0).map(({ topic }) => topic.split("/")[2]);
    expect(refused).toHaveLength(3);
    expect(refused.at(-1)).toBe("fin");

    files.answerNext({ code: FILE_REASON.cancel, times: 1 });
    await press();
    await until(() => told("dropped").length === 1, "what becomes of the second clip", 20_000);
    expect(told("dropped")[0]?.reason).toBe("the broker cancelled it: as the tester wants it");
    await until(() => told("recorded").length === 2, "its end", 20_000);
    const second = told("dropped")[0]?.clipId ?? "";
    expect(files.commands.filter(({ topic }) => topic.includes(second)).at(-1)?.topic).toContain("/abort");
    expect(topics.filter((topic) => topic.includes("/clip/") || topic.startsWith("$file"))).toEqual([]);
    const [granted] = await subscriber.subscribeAsync("$file-async/#").catch(() => [{ qos: 128 }]);
    expect(granted?.qos).toBe(128);
  } finally {
    await agent.end("SIGTERM");
  }
});

async function press(): Promise<void> {
  button.push(true);
  await pause(120);
  button.push(false);
}
