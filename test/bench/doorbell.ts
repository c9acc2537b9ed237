import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt, { type MqttClient } from "mqtt";
import { Agent, linuxPorts } from "../../agent/compose.ts";
import { mergeConfiguration } from "../../agent/config/load.ts";
import type { RuntimeOptions } from "../../agent/runtime.ts";
import { SimulatedButton } from "../../simulator/hardware/button.ts";
import { liveTime } from "../../simulator/live/live-time.ts";

/** The whole agent in this process with a virtual button, and a subscriber beside it: both on one clock. */
export interface BenchDoorbell {
  button: SimulatedButton;
  subscriber: MqttClient;
  /** A bare client with a connection of its own, as the agent has one. */
  publisher: MqttClient;
  holdMs: number;
  /** Resolves with the arrival time (`performance.now()`) of the next message on such a topic. */
  arrival(topic: RegExp): Promise<{ atMs: number; topic: string; payload: Buffer }>;
  end(): Promise<void>;
}

export async function startDoorbell(options: {
  brokerUrl: string;
  settings?: Record<string, string | number>;
  observe?: RuntimeOptions["observe"];
}): Promise<BenchDoorbell> {
  const folder = await mkdtemp(join(tmpdir(), "porchlight-bench-"));
  const overrides = {
    "broker.urls": options.brokerUrl,
    "device.clock": "system",
    "device.dataFolder": folder,
    "button.maxPerMinute": 600,
    ...options.settings,
  };
  const { settings } = mergeConfiguration(
    null,
    Object.entries(overrides).map(([path, value]) => ({ path, value, flag: "bench" })),
    folder,
  );
  const subscriber = await mqtt.connectAsync(options.brokerUrl, { protocolVersion: 5 });
  const publisher = await mqtt.connectAsync(options.brokerUrl, { protocolVersion: 5 });
  const waiting = new Set<{ topic: RegExp; resolve: (message: Arrival) => void }>();
  subscriber.on("message", (topic, payload) => {
    const atMs = performance.now();
    for (const one of waiting) {
      if (!one.topic.test(topic)) continue;
      waiting.delete(one);
      one.resolve({ atMs, topic, payload });
    }
  });
  await subscriber.subscribeAsync("porchlight/v1/#", { qos: 1 });
  const ports = linuxPorts(settings, (line) => process.stderr.write(`${line}\n`));
  const button = new SimulatedButton(liveTime);
  const agent = new Agent({
    ports: { ...ports, button },
    settings,
    version: "bench",
    mode: "normal",
    log: ({ level, message, facts }) => {
      if (level === "error") process.stderr.write(`${message} ${JSON.stringify(facts)}\n`);
    },
    ended: () => {},
    ...(options.observe && { observe: options.observe }),
  });
  const arrival = (topic: RegExp) =>
    new Promise<Arrival>((resolve) => {
      waiting.add({ topic, resolve });
    });
  const online = arrival(/\/status$/);
  agent.start();
  await online;
  return {
    button,
    subscriber,
    publisher,
    holdMs: settings.button.holdMs,
    arrival,
    end: async () => {
      await agent.close();
      await publisher.endAsync();
      await subscriber.endAsync();
      await rm(folder, { recursive: true });
    },
  };
}

interface Arrival {
  atMs: number;
  topic: string;
  payload: Buffer;
}
