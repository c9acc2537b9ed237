import mqtt from "mqtt";
import { loadConfiguration } from "../../../agent/config/load.ts";
import { topicsOf } from "../../../agent/contract/topics.ts";
import { FleetDoorbell, FleetHardware } from "../../../simulator/fleet/doorbell.ts";
import { FaultProxy } from "../../../simulator/network/fault-proxy.ts";
import { Chance } from "../../../simulator/world/chance.ts";
import { until } from "../../fixtures/until.ts";

export interface TakeoverStory {
  port: number;
  protocol: "5" | "3.1.1";
  deviceId: string;
  rounds: number;
  seed: number;
}

/** What is retained as the status, and which connection the device has, after each round; and after its goodbye. */
export interface TakeoverResult {
  rounds: { how: string; state: string; connection: number; is: number }[];
  atEnd: string;
}

const WAYS = ["cut", "half-open", "abandoned", "twin", "twin and cut"] as const;

/**
 * One doorbell whose connection is lost, or taken over by a twin with an older will, again and again: the broker publishes wills
 * while the device is back already. A round is over when the retained status is right; how that went is answered as it was found.
 */
export async function runTakeover(story: TakeoverStory): Promise<TakeoverResult> {
  const { port, protocol, deviceId, rounds, seed } = story;
  const chance = new Chance(`takeover/${seed}/${deviceId}`);
  const link = new FaultProxy({ host: "127.0.0.1", port });
  await link.start();
  const { settings } = loadConfiguration({ file: undefined, overrides: [], folder: process.cwd() });
  const hardware = new FleetHardware(seed);
  const none = () => {};
  const doorbell = new FleetDoorbell(
    {
      ...settings,
      device: { ...settings.device, id: deviceId },
      broker: { ...settings.broker, urls: [link.url], protocol, keepAliveS: 5 },
      uplink: { ...settings.uplink, reconnectMinMs: 50, reconnectMaxMs: 500, ackTimeoutMs: 1_000 },
    },
    hardware,
    { connecting: none, connected: none, disconnected: none, rang: none, clipOpened: none, clipClosed: none },
  );
  const { status } = topicsOf(deviceId);
  const options = { protocolVersion: protocol === "5" ? (5 as const) : (4 as const), reconnectPeriod: 0 };
  const url = `mqtt://127.0.0.1:${port}`;
  const retained = async (): Promise<{ state: string; connection: number }> => {
    const client = await mqtt.connectAsync(url, { ...options, clientId: `watcher-${deviceId}` });
    let text = "";
    client.on("message", (_topic, payload) => {
      text = payload.toString();
    });
    await client.subscribeAsync(status, { qos: 1 });
    await until(() => text !== "", "a retained status").finally(() => client.endAsync());
    return JSON.parse(text);
  };
  /** What is retained once it is as it should be, or at the end of the time for that. */
  const settled = async (holds: (status: { state: string; connection: number }) => boolean) => {
    const deadline = performance.now() + 20_000;
    let seen = await retained();
    while (!holds(seen) && performance.now() < deadline) seen = await retained();
    return seen;
  };
  const twin = async () => {
    const gone = JSON.stringify({ ...(await retained()), state: "offline", connection: 1 });
    const client = await mqtt.connectAsync(url, {
      ...options,
      clientId: deviceId,
      will: { topic: status, payload: Buffer.from(gone), qos: 1, retain: true },
    });
    client.on("error", none);
    return client;
  };
  const result: TakeoverResult = { rounds: [], atEnd: "" };
  try {
    doorbell.start();
    await until(() => doorbell.connection > 0, "the first connection", 20_000);
    for (let round = 0; round < rounds; round++) {
      const how = WAYS[chance.int(0, WAYS.length - 1)] ?? "cut";
      const before = doorbell.connection;
      const thief = how.startsWith("twin") ? await twin() : null;
      if (how === "twin and cut") thief?.stream.destroy();
      if (!how.startsWith("twin")) link.set({ kind: how as "cut" | "half-open" | "abandoned" });
      link.set({ kind: "pass" });
      await until(() => doorbell.connection > before, `another connection after ${how}`, 20_000);
      const seen = await settled((one) => one.state === "online" && one.connection === doorbell.connection);
      result.rounds.push({ how, state: seen.state, connection: seen.connection, is: doorbell.connection });
      await thief?.endAsync(true);
    }
    await doorbell.end();
    result.atEnd = (await settled(({ state }) => state === "stopped")).state;
    return result;
  } finally {
    await doorbell.end();
    hardware.time.stop();
    await link.stop();
  }
}
