import { UsageError, WorldError } from "../../../agent/contract/errors.ts";
import { EmbeddedBroker } from "../../network/embedded-broker.ts";
import { Mosquitto, mosquittoVersion } from "../../network/mosquitto.ts";

/** What a killed broker still has when it comes back. */
export interface BrokerKeeps {
  retained: boolean;
  sessions: boolean;
}

/** The real broker of a live stage. */
export interface LiveBroker {
  /** For people: what it is, and where. */
  name: string;
  host: string;
  port: number;
  /** MQTT 5 is not to be had. */
  isOld: boolean;
  /** Why it cannot be killed so that it keeps this; null when it can. */
  cannotKill(keeps: BrokerKeeps): string | null;
  kill(): Promise<void>;
  restart(keeps: BrokerKeeps): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The broker at this address; without one a mosquitto of our own, where that is installed, else the embedded one.
 * @throws UsageError when a fault proxy cannot stand before that address.
 */
export async function findLiveBroker(url: string | undefined): Promise<LiveBroker> {
  if (url !== undefined) return brokerAt(url);
  const version = await mosquittoVersion();
  return version === null ? ownEmbedded() : ownMosquitto(version);
}

function brokerAt(url: string): LiveBroker {
  const parsed = /^mqtt:\/\/(\[[0-9a-fA-F:]+\]|[^/:@?#]+)(?::(\d{1,5}))?\/?$/.exec(url);
  const port = Number(parsed?.[2] ?? 1_883);
  if (!parsed?.[1] || port < 1 || port > 65_535) {
    throw new UsageError(
      `--broker: found ${url}, allowed: mqtt:// with a host and a port; a link that breaks can stand before no other`,
    );
  }
  const notOurs = async () => {
    throw new WorldError(`${url} is not ours to kill`);
  };
  return {
    name: url,
    host: parsed[1].replace(/^\[|\]$/g, ""),
    port,
    isOld: false,
    cannotKill: () => `${url} is not ours to kill; without --broker there is one that is`,
    kill: notOurs,
    restart: notOurs,
    stop: async () => undefined,
  };
}

async function ownMosquitto(version: string): Promise<LiveBroker> {
  const mosquitto = await Mosquitto.start();
  return {
    name: `mosquitto ${version} at ${mosquitto.url}`,
    host: "127.0.0.1",
    port: mosquitto.port,
    isOld: false,
    cannotKill: ({ retained, sessions }) =>
      retained === sessions ? null : "a mosquitto keeps both its retained messages and its sessions, or neither",
    kill: () => mosquitto.kill(),
    restart: async ({ retained }) => {
      if (!retained) await mosquitto.forget();
      await mosquitto.restart();
    },
    stop: () => mosquitto.stop(),
  };
}

async function ownEmbedded(): Promise<LiveBroker> {
  const broker = new EmbeddedBroker();
  await broker.start();
  return {
    name: `the embedded broker at ${broker.url} (no mosquitto is installed)`,
    host: "127.0.0.1",
    port: broker.port,
    isOld: true,
    cannotKill: ({ retained, sessions }) =>
      retained || sessions ? "the embedded broker keeps nothing when it is killed; install mosquitto" : null,
    kill: () => broker.stop(),
    restart: () => broker.start(),
    stop: () => broker.stop(),
  };
}
