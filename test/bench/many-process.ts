import { setTimeout as pause } from "node:timers/promises";
import type { Settings } from "../../agent/contract/settings.ts";
import { until } from "../fixtures/until.ts";

/** What this process holds, and so what a doorbell more costs: told to its parent at two counts of them. */
export interface ManyJob {
  kind: "doorbells" | "bare";
  url: string;
  /** How many at the first and at the second count. */
  counts: [number, number];
}

export interface ManyFacts {
  residentBytes: number;
  heapBytes: number;
}

const AT_ONCE = 25;
/** Timers and acknowledgements of the last ones. */
const SETTLE_MS = 3_000;
const GIVEN_BACK_MS = 250;

const job = JSON.parse(process.argv[2] ?? "") as ManyJob;
const add = job.kind === "doorbells" ? await doorbells(job.url) : await bareClients(job.url);
let made = 0;
for (const count of job.counts) {
  while (made < count) {
    const batch = Array.from({ length: Math.min(AT_ONCE, count - made) }, (_, i) => made + i);
    await Promise.all(batch.map(add));
    made += batch.length;
  }
  await pause(SETTLE_MS);
  process.send?.(await facts());
}
process.disconnect();
process.exit(0);

async function facts(): Promise<ManyFacts> {
  if (!globalThis.gc) throw new Error("run with --expose-gc");
  for (let i = 0; i < 4; i++) {
    globalThis.gc();
    // What was found to be free is given back by a thread of its own.
    await pause(GIVEN_BACK_MS);
  }
  const { rss: residentBytes, heapUsed: heapBytes } = process.memoryUsage();
  return { residentBytes, heapBytes };
}

/** A whole agent each, on simulated hardware, with a connection of its own. */
async function doorbells(url: string): Promise<(number: number) => Promise<void>> {
  const { mergeConfiguration } = await import("../../agent/config/load.ts");
  const { FleetDoorbell, FleetHardware } = await import("../../simulator/fleet/doorbell.ts");
  const { settings } = mergeConfiguration(
    null,
    [{ path: "broker.urls", value: url, flag: "bench" }],
    "/nonexistent",
  );
  const hardware = new FleetHardware(1);
  const watcher = {
    connecting() {},
    connected() {},
    disconnected() {},
    rang() {},
    clipOpened() {},
    clipClosed() {},
  };
  const all: InstanceType<typeof FleetDoorbell>[] = [];
  return async (number) => {
    const own: Settings = { ...settings, device: { ...settings.device, id: `door-${number}` } };
    const doorbell = new FleetDoorbell(own, hardware, watcher);
    all.push(doorbell);
    doorbell.start();
    await until(() => doorbell.connection > 0, `doorbell ${number} is connected`, 30_000);
  };
}

/** The same connection, subscriptions and will, and nothing behind them. */
async function bareClients(url: string): Promise<(number: number) => Promise<void>> {
  const { default: mqtt } = await import("mqtt");
  const clients: Awaited<ReturnType<typeof mqtt.connectAsync>>[] = [];
  return async (number) => {
    const root = `porchlight/v1/bare-${number}`;
    const client = await mqtt.connectAsync(url, {
      clientId: `bare-${number}`,
      protocolVersion: 5,
      keepalive: 30,
      reconnectPeriod: 0,
      will: { topic: `${root}/status`, payload: Buffer.from("{}"), qos: 1, retain: true },
    });
    clients.push(client);
    await client.subscribeAsync([`${root}/receipt`, `${root}/status`], { qos: 1 });
    await client.publishAsync(`${root}/status`, "{}", { qos: 1, retain: true });
  };
}
