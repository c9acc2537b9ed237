import { randomBytes } from "node:crypto";
import { connect, type IClientOptions, type MqttClient } from "mqtt";
import { tlsOptions } from "../../agent/mqtt/client-options.ts";
import { Handshake } from "../../agent/mqtt/handshake.ts";
import { describeError } from "../../agent/mqtt/reasons.ts";
import { loadSecrets, type Secrets } from "../../agent/mqtt/secrets.ts";
import type { TlsSettings } from "../../agent/mqtt/tls-files.ts";

export interface SubscriberOptions extends TlsSettings {
  url: string;
  protocol: "5" | "3.1.1";
  username: string;
  passwordFile: string;
  /** Its client id is made of this and of chance. */
  deviceId: string;
  filter: string;
  message: (topic: string, payload: Uint8Array, retain: boolean) => void;
  /** The subscription stands, or no longer does; told when that changes. */
  changed: (connected: boolean, detail: string) => void;
}

const RECONNECT_MS = 250;
const CONNECT_TIMEOUT_MS = 10_000;

/** One subscription that is made anew whenever its connection was lost, at QoS 1. */
export class Subscriber {
  readonly #options: SubscriberOptions;
  #client: MqttClient | null = null;
  #isConnected = false;
  #isStopped = false;
  #password = "";
  /** What the next loss is put down to. */
  #trouble = "";

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Begins to connect. @throws Error that names the setting, when the password or the authorities cannot be read. */
  async start(): Promise<void> {
    const { url, filter, message } = this.#options;
    const secrets = await loadSecrets(this.#options, url);
    const client = connect(url, this.#clientOptions(secrets));
    this.#client = client;
    this.#password = secrets.password ?? "";
    client.on("message", (topic, payload, packet) => message(topic, payload, packet.retain));
    client.on("connect", () => {
      client.subscribe(filter, { qos: 1 }, (error) => (error ? this.#failed(error) : this.#set(true, "")));
    });
    client.on("error", (error) => this.#failed(error));
    client.on("close", () => this.#set(false, "connection closed"));
  }

  /** Publishes at QoS 1, if there is a connection: what is not published now will have to be said again. */
  publish(topic: string, text: string): void {
    if (!this.#client || !this.#isConnected) return;
    this.#client.publish(topic, text, { qos: 1 }, (error) => {
      if (error) this.#failed(error);
    });
  }

  /** Ends the connection; that it is gone is no news. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#client?.endAsync(true);
  }

  #clientOptions({ password, tls }: Secrets): IClientOptions {
    const { protocol, username, deviceId } = this.#options;
    return {
      clientId: `${deviceId}-live-${randomBytes(4).toString("hex")}`,
      clean: true,
      protocolVersion: protocol === "5" ? 5 : 4,
      reconnectPeriod: RECONNECT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      resubscribe: false,
      // What was meant for a lost connection is out of date on the next one.
      queueQoSZero: false,
      // MQTT.js would write whole packets to its debug log, the password in CONNECT too.
      log: () => {},
      ...(username === "" ? {} : { username }),
      ...(password === null ? {} : { password }),
      ...(tls === null ? {} : tlsOptions(tls, new Handshake())),
    };
  }

  #failed(error: Error): void {
    this.#trouble = describeError(error, this.#password);
    if (!this.#isConnected && !this.#isStopped) this.#options.changed(false, this.#trouble);
  }

  #set(connected: boolean, detail: string): void {
    if (connected === this.#isConnected || this.#isStopped) return;
    this.#isConnected = connected;
    this.#options.changed(connected, this.#trouble || detail);
    this.#trouble = "";
  }
}
