import { UsageError, WorldError } from "../../../agent/contract/errors.ts";
import { EmbeddedBroker } from "../../network/embedded-broker.ts";
import { Mosquitto, mosquittoVersion } from "../../network/mosquitto.ts";

/** What a killed broker still has when it comes back. */
export interface BrokerKeeps {
  retained: boolean;
  sessions: boolean;
}

/** The real broker of a live stage. It is found first, and started later if it is ours. */
export interface LiveBroker {
  /** For people: what it is. */
  readonly name: string;
  readonly host: string;
  /** 0 before it was started. */
  readonly port: number;
  /** MQTT 5 is not to be had. */
  readonly isOld: boolean;
  start(): Promise<void>;
  /** Why it cannot be killed so that it keeps this; null when it can. */
  cannotKill(keeps: BrokerKeeps): string | null;
  kill(): Promise<void>;
  restart(keeps: BrokerKeeps): Promise<void>;
  stop(): Promise<void>;
}

/**
 * The broker at this address; without one a mosquitto of our own, where that is installed, else the embedded one.
 * @throws UsageError when a link that breaks cannot stand before that address.
 */
export async function findLiveBroker(url: string | undefined): Promise<LiveBroker> {
  if (url !== undefined) return brokerAt(url);
  const version = await mosquittoVersion();
  return version === null ? new OwnEmbedded() : new OwnMosquitto(version);
}

function brokerAt(url: string): LiveBroker {
  const parsed = /^mqtt:\/\/(\[[0-9a-fA-F:]+\]|[^/:@?#]+)(?::(\d{1,5}))?\/?$/.exec(url);
  const port = Number(parsed?.[2] ?? 1_883);
  if (!parsed?.[1] || port < 1 || port > 65_535) {
    throw new UsageError(
      `--broker: found ${url.replace(/\/\/.*@/, "//…@")}, allowed: mqtt:// with a host and a port; a link that breaks can stand before no other`,
    );
  }
  const notOurs = async () => {
    throw new WorldError(`${url} is not ours to kill`);
  };
  return {
    name: "the broker",
    host: parsed[1].replace(/^\[|\]$/g, ""),
    port,
    isOld: false,
    start: async () => undefined,
    cannotKill: () => `${url} is not ours to kill; without --broker there is one that is`,
    kill: notOurs,
    restart: notOurs,
    stop: async () => undefined,
  };
}

class OwnMosquitto implements LiveBroker {
  readonly name: string;
  readonly host = "127.0.0.1";
  readonly isOld = false;
  #mosquitto: Mosquitto | null = null;

  constructor(version: string) {
    this.name = `mosquitto ${version}`;
  }

  get port(): number {
    return this.#mosquitto?.port ?? 0;
  }

  async start(): Promise<void> {
    this.#mosquitto = await Mosquitto.start();
  }

  cannotKill({ retained, sessions }: BrokerKeeps): string | null {
    if (retained === sessions) return null;
    return "a mosquitto keeps both its retained messages and its sessions, or neither";
  }

  async kill(): Promise<void> {
    await this.#mosquitto?.kill();
  }

  async restart({ retained }: BrokerKeeps): Promise<void> {
    if (!retained) await this.#mosquitto?.forget();
    await this.#mosquitto?.restart();
  }

  async stop(): Promise<void> {
    await this.#mosquitto?.stop();
  }
}

class OwnEmbedded implements LiveBroker {
  readonly name = "the embedded broker, since no mosquitto is installed";
  readonly host = "127.0.0.1";
  readonly isOld = true;
  readonly #broker = new EmbeddedBroker();

  get port(): number {
    return this.#broker.port;
  }

  cannotKill({ retained, sessions }: BrokerKeeps): string | null {
    if (!retained && !sessions) return null;
    return "the embedded broker keeps nothing when it is killed; install mosquitto";
  }

  async start(): Promise<void> {
    await this.#broker.start();
  }

  async kill(): Promise<void> {
    await this.#broker.stop();
  }

  async restart(): Promise<void> {
    await this.#broker.start();
  }

  async stop(): Promise<void> {
    await this.#broker.stop();
  }
}
