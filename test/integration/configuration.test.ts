import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseReported, type ReportedConfiguration } from "../../agent/contract/configuration.ts";
import { topicsOf } from "../../agent/contract/topics.ts";
import { EmbeddedBroker } from "../../simulator/network/embedded-broker.ts";
import { InputDevice } from "../fixtures/input-device.ts";
import { type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { type Program, programFile, startProgram } from "../fixtures/programs.ts";
import { until } from "../fixtures/until.ts";

const DEVICE = "front-door";
const topics = topicsOf(DEVICE);
const folder = mkdtempSync(join(tmpdir(), "porchlight-config-"));
const inFolder = (name: string) => join(folder, name);
const button = new InputDevice();
const presses: string[] = [];
let mosquitto: Mosquitto;
let cloud: MqttClient;
let agent: Program;
let reports: ReportedConfiguration[] = [];
let desired = "";

/** A real broker, the real program, and a key of its owner. */
beforeAll(async () => {
  mosquitto = await startMosquitto();
  cloud = await connectAsync(mosquitto.url);
  cloud.on("message", (topic, payload) => {
    const text = payload.toString();
    if (topic === topics.configReported) {
      const reported = parseReported(text);
      if (typeof reported !== "string") reports.push(reported);
    } else if (topic === topics.configDesired) desired = text;
    else if (topic === topics.event("press", false)) presses.push(text);
  });
  await cloud.subscribeAsync(topics.everything, { qos: 1 });
  const made = await owner("keys", "init", "--out", inFolder("owner.jwk"));
  expect(made).toMatchObject({ code: 0, stderr: "" });
  writeFileSync(
    inFolder("door.yaml"),
    `device: { id: ${DEVICE}, dataFolder: data, clock: system }\nbutton: { device: ${button.path} }\n` +
      `broker: { urls: ["${mosquitto.url}"], protocol: "3.1.1" }\nuplink: { reconnectMaxMs: 1000 }\n` +
      `owner: { publicKey: ${made.stdout.trim()} }\nconfiguration: { trialMs: 5000 }\n`,
  );
  agent = startProgram("agent", ["agent", "--config", inFolder("door.yaml")]);
  await until(() => agent.stdout().includes("connected to the broker"), "the agent", 20_000);
}, 60_000);

afterAll(async () => {
  await agent.end("SIGTERM");
  await cloud.endAsync();
  await mosquitto.stop();
  button.remove();
  rmSync(folder, { recursive: true, force: true });
});

function owner(...args: string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [programFile("owner"), ...args], (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

function ownerSets(yaml: string) {
  writeFileSync(inFolder("owner.yaml"), yaml);
  const key = ["--key", inFolder("owner.jwk"), "--device", DEVICE];
  return owner("config", "set", ...key, "--broker", mosquitto.url, "--wait", "30", inFolder("owner.yaml"));
}

async function desire(message: object): Promise<void> {
  reports = [];
  await cloud.publishAsync(topics.configDesired, JSON.stringify(message), { qos: 1, retain: true });
}

const answer = () => reports.findLast(({ state }) => state !== "trying");

async function press(holdMs: number): Promise<void> {
  button.push(true);
  await pause(holdMs);
  button.push(false);
}

test("the key is the owner's alone, and is never overwritten", async () => {
  const file = inFolder("owner.jwk");
  const key = readFileSync(file, "utf8");
  expect(statSync(file).mode & 0o777).toBe(0o600);
  const again = await owner("keys", "init", "--out", file);
  expect(again).toMatchObject({ code: 2, stdout: "" });
  expect(again.stderr).toMatch(/^porchlight-owner: .*owner\.jwk: cannot be written: it is there already/);
  expect(readFileSync(file, "utf8")).toBe(key);
});

test("a setting of the broker's is applied by a restart in the same process, and a press works with it", async () => {
  const holdMs = 250;
  await desire({ version: 1, settings: { button: { holdMs } } });
  await until(() => answer() !== undefined, "the answer", 20_000);
  expect(reports.map(({ state }) => state)).toContain("trying");
  expect(answer()).toEqual({
    version: 1,
    state: "applied",
    refusals: [],
    ownerCounter: 0,
    settings: { button: { holdMs } },
  });
  await press(100);
  await pause(500);
  await press(600);
  await until(() => presses.length > 0, "the press");
  expect(presses).toHaveLength(1);
  expect(agent.child.exitCode).toBeNull();
});

test("what the owner signs is applied, and an old word of theirs is refused when it is played again", async () => {
  reports = [];
  const masks = ["0,0 250,0 250,400 0,400"];
  expect(await ownerSets(`privacy: { masks: ["${masks[0]}"] }\n`)).toEqual({
    code: 0,
    stdout: "version 2 applied\n",
    stderr: "",
  });
  const old = JSON.parse(desired);
  expect(old).toMatchObject({ version: 2, settings: { button: { holdMs: 250 } } });
  // Masks that are already so change nothing but the counter.
  expect(await ownerSets(`privacy: { masks: ["${masks[0]}"] }\n`)).toMatchObject({ code: 0 });
  expect(answer()).toMatchObject({ version: 3, ownerCounter: 2, settings: { privacy: { masks } } });

  const before = JSON.stringify(["0,0 250,0 250,400 0,400"]);
  await desire({ version: 4, settings: {}, owner: `${old.owner.slice(0, -4)}AAAA` });
  await until(() => answer() !== undefined, "the refusal of what was altered");
  expect(answer()).toMatchObject({ version: 4, state: "refused", refusals: [{ field: "owner" }] });
  await desire({ version: 5, settings: {}, owner: await signed("privacy: { masks: [] }", 1) });
  await until(() => answer() !== undefined, "the refusal of what is old");
  expect(answer()).toMatchObject({ version: 5, state: "refused", ownerCounter: 2 });
  expect(answer()?.refusals[0]).toMatchObject({
    field: "owner",
    reason: expect.stringMatching(/counter is 1/),
  });
  expect(JSON.stringify(answer()?.settings.privacy?.masks)).toBe(before);
  const printed = await print();
  expect(printed).toContain("holdMs: 250 # config/desired 3\n");
  expect(printed).toContain('masks: ["0,0 250,0 250,400 0,400"] # config/desired 3, signed by the owner\n');
  const refused = await ownerSets("privacy: { masks: [] }\nbutton: { holdMs: 5 }\n");
  expect(refused.code).toBe(2);
  expect(refused.stderr).toMatch(/owner\.yaml:2: button\.holdMs: this is not signed/);
});

test("a setting with which the broker is not reached is rolled back, and not tried again", async () => {
  // It speaks MQTT 3.1.1 alone.
  const broker = new EmbeddedBroker();
  await broker.start();
  writeFileSync(
    inFolder("other.yaml"),
    `device: { id: ${DEVICE}, dataFolder: other, clock: system }\nconfiguration: { trialMs: 5000 }\n` +
      `broker: { urls: ["${broker.url}"], protocol: "3.1.1" }\n`,
  );
  const other = startProgram("agent", ["agent", "--config", inFolder("other.yaml")]);
  const client = await connectAsync(broker.url);
  const heard: ReportedConfiguration[] = [];
  try {
    client.on("message", (_topic, payload) => {
      const reported = parseReported(payload.toString());
      if (typeof reported !== "string") heard.push(reported);
    });
    await client.subscribeAsync(topics.configReported, { qos: 1 });
    const settings = { broker: { protocol: "5" }, button: { holdMs: 77 } };
    await client.publishAsync(topics.configDesired, JSON.stringify({ version: 10, settings }), {
      qos: 1,
      retain: true,
    });
    await until(() => heard.at(-1)?.state === "rolled-back", "the answer", 40_000);
    const reason = "no broker was reached with it within 5 s";
    expect(heard.at(-1)).toEqual({
      version: 10,
      state: "rolled-back",
      refusals: [{ field: "", reason }],
      ownerCounter: 0,
      settings: {},
    });
    // It is retained, and came again with this connection: asked for anew, it is answered and not tried.
    const starts = () => other.stdout().match(/"msg":"started"/g)?.length;
    const before = starts();
    const refused = JSON.stringify({ version: 9, settings });
    await client.publishAsync(topics.configDesired, refused, { qos: 1, retain: true });
    await until(() => heard.at(-1)?.version === 9, "the refusal of what is older");
    expect(heard.at(-1)).toMatchObject({ state: "refused", refusals: [{ field: "version" }] });
    expect(starts()).toBe(before);
  } finally {
    await other.end("SIGTERM");
    await client.endAsync();
    await broker.stop();
  }
  expect((await other.ended).code).toBe(0);
});

function print(): Promise<string> {
  return new Promise((resolve) => {
    const args = [programFile("agent"), "agent", "--config", inFolder("door.yaml"), "--print-config"];
    execFile(process.execPath, args, (_error, stdout) => resolve(stdout));
  });
}

async function signed(yaml: string, counter: number): Promise<string> {
  writeFileSync(inFolder("signed.yaml"), yaml);
  const key = ["--key", inFolder("owner.jwk"), "--device", DEVICE, "--counter", String(counter)];
  return (await owner("config", "sign", ...key, inFolder("signed.yaml"))).stdout.trim();
}
