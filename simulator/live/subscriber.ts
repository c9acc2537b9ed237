import { randomBytes } from "node:crypto";
import { connect, connectAsync, type IClientOptions, type MqttClient } from "mqtt";
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
  /** Null: it only publishes. */
  filter: string | string[] | null;
  /** Instead of one that is made by chance. */
  clientId?: string;
  /** The broker keeps a session for it that outlives its connections. */
  keepsSession?: true;
  message: (topic: string, payload: Uint8Array, retain: boolean) => void;
  /** The subscription stands, or no longer does; told when that changes. */
  changed: (connected: boolean, detail: string) => void;
}

const RECONNECT_MS = 250;
const CONNECT_TIMEOUT_MS = 10_000;
/** A session that nobody has ended is over by itself. */
const SESSION_EXPIRY_S = 86_400;

/** One subscription at QoS 1, that is made anew whenever its connection was lost and the broker has not kept it. */
export class Subscriber {
  readonly #options: SubscriberOptions;
  #client: MqttClient | null = null;
  #isConnected = false;
  #isStopped = false;
  #unacknowledged = 0;
  #password = "";
  /** What the next loss is put down to. */
  #trouble = "";

  constructor(options: SubscriberOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** What it has published was acknowledged, or never will be. */
  get isIdle(): boolean {
    return this.#unacknowledged === 0 || !this.#isConnected;
  }

  /** Begins to connect. @throws Error that names the setting, when the password or the authorities cannot be read. */
  async start(): Promise<void> {
    const { url, filter, message } = this.#options;
    const secrets = await loadSecrets(this.#options, url);
    const client = connect(url, this.#clientOptions(secrets));
    this.#client = client;
    this.#password = secrets.password ?? "";
    client.on("message", (topic, payload, packet) => message(topic, payload, packet.retain));
    client.on("connect", ({ sessionPresent }) => {
      if (filter === null || sessionPresent) return this.#set(true, "");
      client.subscribe(filter, { qos: 1 }, (error) => (error ? this.#failed(error) : this.#set(true, "")));
    });
    client.on("error", (error) => this.#failed(error));
    client.on("close", () => this.#set(false, "connection closed"));
  }

  /**
   * Publishes at QoS 1, if there is a connection: what is not published now will have to be said again. `properties`
   * are those of MQTT 5, and left out on 3.1.1.
   */
  publish(
    topic: string,
    text: string,
    retain = false,
    properties?: { responseTopic: string; messageExpiryInterval: number },
  ): void {
    if (!this.#client || !this.#isConnected) return;
    this.#unacknowledged += 1;
    const more = properties && this.#options.protocol === "5" ? { properties } : {};
    this.#client.publish(topic, text, { qos: 1, retain, ...more }, (error) => {
      this.#unacknowledged -= 1;
      if (error) this.#failed(error);
    });
  }

  /** Closes the connection until `comeBack`. */
  async leave(): Promise<void> {
    await this.#client?.endAsync(true);
    this.#set(false, "it has left");
  }

  comeBack(): void {
    this.#client?.reconnect();
  }

  /** Ends the connection, and the session if there is one; that they are gone is no news. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    const client = this.#client;
    await client?.endAsync(true);
    if (!client || !this.#options.keepsSession) return;
    try {
      // A connection with a clean session ends the kept one (MQTT 3.1.1 §3.1.2.4).
      const { properties: _expiry, ...options } = client.options;
      const last = await connectAsync(this.#options.url, { ...options, clean: true, reconnectPeriod: 0 });
      await last.endAsync();
    } catch (error) {
      this.#failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #clientOptions({ password, tls }: Secrets): IClientOptions {
    const { protocol, username, deviceId, clientId, keepsSession = false } = this.#options;
    const isVersion5 = protocol === "5";
    return {
      clientId: clientId ?? `${deviceId}-live-${randomBytes(4).toString("hex")}`,
      clean: !keepsSession,
      ...(keepsSession && isVersion5 && { properties: { sessionExpiryInterval: SESSION_EXPIRY_S } }),
      protocolVersion: isVersion5 ? 5 : 4,
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
