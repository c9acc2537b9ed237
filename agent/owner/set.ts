import { readFile } from "node:fs/promises";
import type { JWK } from "jose";
import { connectAsync, type MqttClient } from "mqtt";
import {
  type DesiredConfiguration,
  type OwnerConfiguration,
  parseDesired,
  parseReported,
  type ReportedConfiguration,
} from "../contract/configuration.ts";
import { ConfigurationError, UsageError, WorldError } from "../contract/errors.ts";
import { changedBy } from "../contract/setting-rights.ts";
import { topicsOf } from "../contract/topics.ts";
import { signConfiguration } from "./key.ts";

/** How the owner reaches the broker. A password is in a file or in the environment, never an argument. */
export interface BrokerOptions {
  broker: string;
  username?: string;
  passwordFile?: string;
  caFile?: string;
  certFile?: string;
  keyFile?: string;
}

/** A broker sends what it retains right after the subscription; it cannot say that there is nothing. */
const RETAINED_WITHIN_MS = 1_500;
const CONNECT_WITHIN_MS = 10_000;

/**
 * Signs these settings with the next counter, makes them the device's desired configuration beside what the broker's side
 * of it is, and waits for the answer. Answers the version that was applied.
 * @throws ConfigurationError when the device refuses, WorldError when it does not answer in time or went back.
 */
export async function setConfiguration(
  key: JWK,
  deviceId: string,
  settings: OwnerConfiguration["settings"],
  options: BrokerOptions,
  waitMs: number,
): Promise<number> {
  const client = await connect(options);
  try {
    const wire = new ConfigurationWire(client, deviceId);
    const { reported, desired } = await wire.retained();
    const counter = (reported?.ownerCounter ?? 0) + 1;
    const version = Math.max(reported?.version ?? 0, desired?.version ?? 0) + 1;
    const issuedAt = new Date().toISOString();
    const owner = await signConfiguration(key, { deviceId, counter, issuedAt, settings });
    const next: DesiredConfiguration = {
      version,
      settings: desired?.settings ?? unsignedOf(reported),
      owner,
    };
    await client.publishAsync(topicsOf(deviceId).configDesired, JSON.stringify(next), {
      qos: 1,
      retain: true,
    });
    return conclude(version, await wire.answerTo(version, waitMs));
  } finally {
    await client.endAsync(true);
  }
}

function conclude(version: number, answer: ReportedConfiguration | null): number {
  if (!answer) {
    throw new WorldError(
      `version ${version} is with the broker, and the device has not answered in time: it takes it when it connects`,
    );
  }
  const lines = answer.refusals.map(({ field, reason }) => (field === "" ? reason : `${field}: ${reason}`));
  if (answer.version !== version)
    throw new WorldError(`version ${version} was overtaken by ${answer.version}`);
  if (answer.state === "refused")
    throw new ConfigurationError(lines.map((line) => `version ${version} refused: ${line}`));
  if (answer.state === "rolled-back")
    throw new WorldError(`version ${version} rolled back: ${lines.join("; ")}`);
  return version;
}

async function connect(options: BrokerOptions): Promise<MqttClient> {
  const { broker, username, passwordFile, caFile, certFile, keyFile } = options;
  if (!/^(mqtts?|wss?):\/\/[^@?#]+$/.test(broker) || !URL.canParse(broker)) {
    throw new UsageError(
      "--broker: allowed: mqtt://, mqtts://, ws:// or wss:// and a host, no user name in it",
    );
  }
  const [password, ca, cert, tlsKey] = await Promise.all([
    passwordFile ? fileOf("--password-file", passwordFile) : (process.env.PORCHLIGHT_BROKER_PASSWORD ?? null),
    caFile ? fileOf("--ca-file", caFile) : null,
    certFile ? fileOf("--cert-file", certFile) : null,
    keyFile ? fileOf("--key-file", keyFile) : null,
  ]);
  try {
    return await connectAsync(
      broker,
      {
        protocolVersion: 4,
        reconnectPeriod: 0,
        connectTimeout: CONNECT_WITHIN_MS,
        ...(username && { username }),
        ...(password !== null && { password: password.split(/\r?\n/, 1)[0] ?? "" }),
        ...(ca !== null && { ca }),
        ...(cert !== null && { cert }),
        ...(tlsKey !== null && { key: tlsKey }),
      },
      false,
    );
  } catch (error) {
    throw new WorldError(`no broker at ${broker}: ${error instanceof Error ? error.message : error}`);
  }
}

async function fileOf(flag: string, file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new UsageError(`${flag}: ${file} cannot be read: ${error.code}`);
  }
}

/** What the broker's side has set, of all that the device says is in force. */
function unsignedOf(reported: ReportedConfiguration | null): DesiredConfiguration["settings"] {
  const settings: DesiredConfiguration["settings"] = {};
  for (const [section, names] of Object.entries(reported?.settings ?? {})) {
    for (const [name, value] of Object.entries(names)) {
      if (changedBy(section, name) !== "broker") continue;
      settings[section] = { ...settings[section], [name]: value as number | string | boolean };
    }
  }
  return settings;
}

/** Both configuration topics of one device. */
class ConfigurationWire {
  readonly #client: MqttClient;
  readonly #topics: { desired: string; reported: string };
  #desired: DesiredConfiguration | null = null;
  #reported: ReportedConfiguration | null = null;
  #changed: () => void = () => undefined;

  constructor(client: MqttClient, deviceId: string) {
    const { configDesired, configReported } = topicsOf(deviceId);
    this.#client = client;
    this.#topics = { desired: configDesired, reported: configReported };
    client.on("message", (topic, payload) => this.#take(topic, payload.toString("utf8")));
  }

  async retained() {
    await this.#client.subscribeAsync([this.#topics.desired, this.#topics.reported], { qos: 1 });
    await this.#until(() => this.#desired !== null && this.#reported !== null, RETAINED_WITHIN_MS);
    return { desired: this.#desired, reported: this.#reported };
  }

  /** The answer to this version or to a later one; null when there is none in time. */
  async answerTo(version: number, waitMs: number): Promise<ReportedConfiguration | null> {
    const isAnswer = () =>
      this.#reported !== null &&
      (this.#reported.version > version ||
        (this.#reported.version === version && this.#reported.state !== "trying"));
    return (await this.#until(isAnswer, waitMs)) ? this.#reported : null;
  }

  #take(topic: string, text: string): void {
    const read = topic === this.#topics.desired ? parseDesired(text) : parseReported(text);
    if (typeof read === "string") return;
    if ("state" in read) this.#reported = read;
    else this.#desired = read;
    this.#changed();
  }

  #until(holds: () => boolean, limitMs: number): Promise<boolean> {
    if (holds()) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), limitMs);
      const lost = () => done(false);
      const done = (held: boolean) => {
        clearTimeout(timer);
        this.#client.off("close", lost);
        resolve(held);
      };
      this.#client.once("close", lost);
      this.#changed = () => {
        if (holds()) done(true);
      };
    });
  }
}
