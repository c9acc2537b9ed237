import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import mqtt, { type MqttClient } from "mqtt";
import { Consumer } from "../../../agent/consumer/index.ts";
import { topicsOf } from "../../../agent/contract/topics.ts";
import { InputDevice } from "../../fixtures/input-device.ts";
import { startMosquitto } from "../../fixtures/mosquitto.ts";
import { startProgram } from "../../fixtures/programs.ts";
import { until } from "../../fixtures/until.ts";

export interface BrokerKillsStory {
  tries: number;
  settle: "receipt" | "puback";
}

export interface BrokerKillsResult {
  /** Presses that the broker had acknowledged when it was killed. */
  acknowledged: number;
  /** Numbers of those that never reached the consumer. */
  lost: number[];
  /** Messages that came again and were recognised. */
  duplicates: number;
}

const topics = topicsOf("front-door");

/**
 * A consumer with a kept session is away; the doorbell rings, mosquitto acknowledges and is killed (SIGKILL) at once; it starts
 * again, and the consumer comes back. mosquitto keeps sessions on its disk as it does by default: it saves every 30 minutes
 * (mosquitto.conf(5), autosave_interval), so that what it has acknowledged is gone.
 */
export async function runBrokerKills({ tries, settle }: BrokerKillsStory): Promise<BrokerKillsResult> {
  const folder = await mkdtemp(join(tmpdir(), "porchlight-broker-kills-"));
  const mosquitto = await startMosquitto({ config: ["persistence true", `persistence_location ${folder}/`] });
  const button = new InputDevice();
  const config = join(folder, "porchlight.yaml");
  const journal = join(folder, "journal");
  await writeFile(
    config,
    `device: {dataFolder: data, clock: system}\nbutton: {device: ${button.path}, maxPerMinute: 600}\n` +
      `broker: {urls: ["${mosquitto.url}"]}\nuplink: {settle: ${settle}, reconnectMinMs: 50, reconnectMaxMs: 1000, ackTimeoutMs: 2000, receiptTimeoutMs: 2000}\n`,
  );
  const consumer = new Consumer();
  const arrived = new Set<number>();
  let duplicates = 0;
  const visit = async (): Promise<MqttClient> => {
    const client = mqtt.connect(mosquitto.url, {
      ...{ protocolVersion: 5, clientId: "cloud", clean: false, reconnectPeriod: 50 },
      properties: { sessionExpiryInterval: 3_600 },
    });
    let subscribed = false;
    client.on("message", (topic, payload, { retain }) => {
      for (const outcome of consumer.receive({ topic, payload, retain, receivedUtcMs: Date.now() })) {
        if (outcome.kind === "duplicate") duplicates += 1;
        if (outcome.kind !== "event") continue;
        if (outcome.event.lane === "press") arrived.add(outcome.event.sequence);
        consumer.confirmStored(outcome);
      }
      for (const receipt of consumer.takeReceipts("front-door"))
        client.publish(topics.receipt, JSON.stringify(receipt), { qos: 1 });
    });
    client.on("connect", () =>
      client.subscribe([`${topics.root}/event/#`, `${topics.root}/late/#`], { qos: 1 }, (error) => {
        subscribed = !error;
      }),
    );
    await until(() => subscribed, "the consumer's subscription");
    return client;
  };
  const agent = startProgram("agent", ["agent", "--config", config, "--journal", journal]);
  const connections = () => agent.stdout().split("connected to the broker").length - 1;
  const acknowledged = async (sequence: number) => {
    const deadline = performance.now() + 15_000;
    while (!isAcknowledged(await readFile(journal, "utf8").catch(() => ""), sequence)) {
      if (performance.now() > deadline) throw new Error(`press ${sequence} was never acknowledged`);
      await pause(1);
    }
  };
  try {
    let client = await visit();
    await until(() => agent.stdout().includes("connected to the broker"), "the agent", 20_000);
    for (let sequence = 1; sequence <= tries; sequence++) {
      await client.endAsync();
      // As a person would: sooner it is the contact that bounces.
      await pause(250);
      button.push(true);
      await acknowledged(sequence);
      await mosquitto.kill();
      button.push(false);
      await mosquitto.restart();
      client = await visit();
      await until(() => connections() > sequence, "the agent, again", 20_000);
      // The agent may have been quicker than the consumer, whose session is gone: then only the missing receipt tells.
      if (settle === "receipt") await until(() => arrived.has(sequence), `press ${sequence}`, 60_000);
    }
    // With the consumer there: whatever was to come before it has come.
    await pause(250);
    button.push(true);
    await until(() => arrived.has(tries + 1), "the last press", 20_000);
    await client.endAsync();
    const all = Array.from({ length: tries }, (_, index) => index + 1);
    return { acknowledged: tries, lost: all.filter((sequence) => !arrived.has(sequence)), duplicates };
  } catch (error) {
    throw new Error(`${error}\n${agent.stdout().slice(-2_000)}${agent.stderr()}`);
  } finally {
    await agent.end("SIGTERM");
    await mosquitto.stop();
    button.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

/** By the agent's own journal: it has published this press, and the broker has acknowledged that. */
function isAcknowledged(journal: string, sequence: number): boolean {
  const published = new Set<string>();
  for (const line of journal.split("\n")) {
    if (!(line.includes("broker.publish") || line.includes("broker.acked")) || !line.endsWith("}")) continue;
    const { input, actions = [] } = JSON.parse(line);
    if (input?.type === "broker.acked" && published.has(`${input.connection}/${input.token}`)) return true;
    for (const action of actions) {
      if (action.type !== "broker.publish" || !/\/(event|late)\/press$/.test(action.message.topic)) continue;
      if (JSON.parse(action.message.payload.text).sequence === sequence)
        published.add(`${action.connection}/${action.token}`);
    }
  }
  return false;
}
