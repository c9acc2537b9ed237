import { setTimeout as pause } from "node:timers/promises";
import mqtt from "mqtt";
import { loadConfiguration } from "../../../agent/config/load.ts";
import { Consumer } from "../../../agent/consumer/index.ts";
import type { Settings } from "../../../agent/contract/settings.ts";
import { topicsOf } from "../../../agent/contract/topics.ts";
import { FleetDoorbell, FleetHardware } from "../../../simulator/fleet/doorbell.ts";
import { startRabbitmq } from "../../fixtures/rabbitmq.ts";
import { until } from "../../fixtures/until.ts";

export interface ClusterStory {
  /** In each, every node is killed once. */
  rounds: number;
  eventsPerS: number;
}

export interface ClusterResult {
  kills: number;
  pressed: number;
  /** Presses that never arrived. */
  lost: string[];
  /** Presses that the consumer half let through more than once. */
  twice: string[];
  /** Messages that came again and were recognised. */
  duplicates: number;
  /** Longest time in which nothing at all arrived, and from a press to its arrival, of each kill in its order; in ms. */
  silenceMs: number[];
  latencyMs: number[];
  /** Of the three nodes together, at the start. */
  residentBytes: number;
  readyMs: number;
}

const DOORBELLS = 100;
const HOLD_MS = 60;
/** From a kill until the node is started again, and from then until the next kill. */
const DOWN_MS = 4_000;
const UP_MS = 4_000;

/**
 * Doorbells with the agent's real core and adapter, each with all three nodes in its list, ring against a cluster whose nodes are
 * killed (SIGKILL) in turn; half of them settle by receipt, half by puback. One consumer with a kept session, which goes from node
 * to node as well.
 */
export async function runCluster({ rounds, eventsPerS }: ClusterStory): Promise<ClusterResult> {
  const beganMs = performance.now();
  const cluster = await startRabbitmq({ nodes: 3 });
  const readyMs = performance.now() - beganMs;
  const residentBytes = cluster.residentBytes();
  const consumer = new Consumer();
  const pressedAt = new Map<string, number>();
  const seen = new Map<string, number>();
  let [duplicates, lastAtMs, silenceMs, latencyMs] = [0, performance.now(), 0, 0];
  const client = mqtt.connect({
    servers: cluster.nodes.map(({ port }) => ({ host: "127.0.0.1", port, protocol: "mqtt" as const })),
    ...{ protocolVersion: 5, clientId: "cloud", clean: false, reconnectPeriod: 100, connectTimeout: 2_000 },
    properties: { sessionExpiryInterval: 3_600 },
  });
  client.on("error", () => {});
  client.on("message", (topic, payload, { retain }) => {
    const nowMs = performance.now();
    silenceMs = Math.max(silenceMs, nowMs - lastAtMs);
    lastAtMs = nowMs;
    for (const outcome of consumer.receive({ topic, payload, retain, receivedUtcMs: Date.now() })) {
      if (outcome.kind === "duplicate") duplicates += 1;
      if (outcome.kind !== "event") continue;
      const { event, deviceId } = outcome;
      consumer.confirmStored(outcome);
      if (event.lane === "press") {
        seen.set(event.id, (seen.get(event.id) ?? 0) + 1);
        latencyMs = Math.max(latencyMs, nowMs - (pressedAt.get(event.id) ?? nowMs));
      }
      for (const receipt of consumer.takeReceipts(deviceId))
        client.publish(topicsOf(deviceId).receipt, JSON.stringify(receipt), { qos: 1 });
    }
  });
  const subscribed = client.subscribeAsync(["porchlight/v1/+/event/press", "porchlight/v1/+/late/press"], {
    qos: 1,
  });
  const hardware = new FleetHardware(1);
  const doorbells: FleetDoorbell[] = [];
  const urls = cluster.nodes.map(({ url }) => url);
  const watcher = {
    ...{ connecting() {}, connected() {}, disconnected() {}, clipOpened() {}, clipClosed() {} },
    rang: (_doorbell: FleetDoorbell, eventId: string, atMs: number) => void pressedAt.set(eventId, atMs),
  };
  let ringing: NodeJS.Timeout | null = null;
  try {
    await subscribed;
    for (let number = 0; number < DOORBELLS; number++) {
      const doorbell = new FleetDoorbell(settingsOf(number, urls), hardware, watcher);
      doorbells.push(doorbell);
      doorbell.start();
    }
    await until(() => doorbells.every(({ connection }) => connection > 0), "every doorbell", 30_000);
    let turn = 0;
    ringing = setInterval(() => doorbells[turn++ % DOORBELLS]?.press(HOLD_MS), 1_000 / eventsPerS);
    await pause(2_000);
    const silences: number[] = [];
    const latencies: number[] = [];
    for (let kill = 0; kill < rounds * cluster.nodes.length; kill++) {
      const node = cluster.nodes[kill % cluster.nodes.length];
      [silenceMs, latencyMs] = [0, 0];
      await node?.kill();
      await pause(DOWN_MS);
      await node?.restart();
      await pause(UP_MS);
      silences.push(Math.round(silenceMs));
      latencies.push(Math.round(latencyMs));
    }
    clearInterval(ringing);
    const lost = () => [...pressedAt.keys()].filter((id) => !seen.has(id));
    await everyPress(() => lost().length === 0);
    return {
      kills: rounds * cluster.nodes.length,
      pressed: pressedAt.size,
      lost: lost(),
      twice: [...seen].filter(([, times]) => times > 1).map(([id]) => id),
      duplicates,
      silenceMs: silences,
      latencyMs: latencies,
      residentBytes,
      readyMs: Math.round(readyMs),
    };
  } finally {
    if (ringing) clearInterval(ringing);
    await Promise.all(doorbells.map((doorbell) => doorbell.end()));
    await client.endAsync(true);
    hardware.time.stop();
    await cluster.stop();
  }
}

/** Each prefers another node, and has all of them. */
function settingsOf(number: number, urls: readonly string[]): Settings {
  const first = number % urls.length;
  const { settings } = loadConfiguration({ file: undefined, overrides: [], folder: process.cwd() });
  return {
    ...settings,
    device: { ...settings.device, id: `door-${number}`, clock: "system" },
    button: { ...settings.button, maxPerMinute: 600 },
    broker: { ...settings.broker, urls: [...urls.slice(first), ...urls.slice(0, first)] },
    uplink: { ...settings.uplink, settle: number % 2 === 0 ? "receipt" : "puback" },
  };
}

/** What has not come by then is lost, which is for the caller to judge. */
async function everyPress(came: () => boolean): Promise<void> {
  const giveUpAtMs = performance.now() + 60_000;
  while (!came() && performance.now() < giveUpAtMs) await pause(50);
}
