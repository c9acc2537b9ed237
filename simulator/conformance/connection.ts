import { WorldError } from "../../agent/contract/errors.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { MqttBroker } from "../../agent/mqtt/mqtt-broker.ts";
import type { BrokerInput } from "../../device/ports/broker.ts";
import type { TapeMessage, Will } from "./tape-broker.ts";

/** A connection that takes longer is none. */
const WITHIN_MS = 15_000;
const KEEP_ALIVE_S = 30;

export interface ConnectionOptions {
  settings: Settings["broker"];
  clientId: string;
  will: Will;
  subscriptions: string[];
  message: (topic: string, text: string | null) => void;
}

/** One real connection, by the device's own adapter. What is published is awaited. */
export class Connection {
  readonly #broker: MqttBroker;
  readonly #options: ConnectionOptions;
  /** Bytes on their way, by the name that the adapter asks for. */
  readonly #payloads = new Map<string, Uint8Array>();
  readonly #unacknowledged = new Map<number, (trouble: string | null) => void>();
  #tokens = 0;
  #changed: (input: BrokerInput) => void = () => undefined;
  /** Why there is no connection any more; null while it stands. */
  #over: string | null = null;

  private constructor(options: ConnectionOptions) {
    this.#options = options;
    const payloads = {
      read: async (reference: { kind: string; eventId?: string }) =>
        this.#payloads.get(reference.eventId ?? "") ?? "gone",
    };
    const clock = {
      monotonicMs: () => Math.round(performance.now()),
      read: () => ({
        monotonicMs: Math.round(performance.now()),
        utcMs: Date.now(),
        trust: "synced" as const,
      }),
    };
    this.#broker = new MqttBroker({ clock, payloads, ...options.settings });
  }

  /** Resolves once its subscriptions stand. @throws WorldError that says why there is no connection. */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const connection = new Connection(options);
    const url = options.settings.urls[0] ?? "";
    const opened = new Promise<BrokerInput>((resolve) => {
      connection.#changed = resolve;
    });
    connection.#broker.start((input) => connection.#take(input));
    connection.#broker.connect({
      connection: 1,
      url,
      clientId: options.clientId,
      keepAliveS: KEEP_ALIVE_S,
      will: options.will,
      subscriptions: options.subscriptions,
    });
    const input = await opened;
    if (input.type === "broker.disconnected") {
      await connection.#broker.stop();
      throw new WorldError(`no connection to the broker: ${input.detail}`);
    }
    return connection;
  }

  /** Publishes at QoS 1. @throws WorldError when the broker does not take it. */
  async publish(message: TapeMessage): Promise<void> {
    if (this.#over !== null) throw new WorldError(`the connection is gone: ${this.#over}`);
    this.#tokens += 1;
    const token = this.#tokens;
    const name = String(token);
    this.#payloads.set(name, message.payload);
    const { topic, payload, retain } = message;
    const trouble = await new Promise<string | null>((resolve) => {
      const limit = setTimeout(() => resolve(`no acknowledgement within ${WITHIN_MS} ms`), WITHIN_MS);
      this.#unacknowledged.set(token, (answer) => {
        clearTimeout(limit);
        resolve(answer);
      });
      this.#broker.publish(1, token, {
        topic,
        payload: payload.length === 0 ? { kind: "empty" } : { kind: "still", eventId: name },
        retain,
        contentType: null,
        expiryS: null,
      });
    });
    this.#payloads.delete(name);
    this.#unacknowledged.delete(token);
    if (trouble !== null) throw new WorldError(`the broker does not take ${topic}: ${trouble}`);
  }

  /** Says goodbye: its will is not published. */
  async close(): Promise<void> {
    await this.#end(() => this.#broker.disconnect(1));
  }

  /** The network is gone: the broker publishes the will. */
  async cut(): Promise<void> {
    await this.#end(() => this.#broker.abandon(1));
  }

  async #end(how: () => void): Promise<void> {
    if (this.#over === null) {
      const ended = new Promise<BrokerInput>((resolve) => {
        this.#changed = resolve;
      });
      how();
      await ended;
    }
    await this.#broker.stop();
  }

  #take(input: BrokerInput): void {
    switch (input.type) {
      case "broker.message":
        return this.#options.message(input.topic, input.text);
      case "broker.acked":
        return this.#unacknowledged.get(input.token)?.(null);
      case "broker.publish-failed":
        return this.#unacknowledged.get(input.token)?.(input.detail);
      case "broker.disconnected":
        this.#over = input.detail;
        for (const answer of this.#unacknowledged.values()) answer(input.detail);
        return this.#changed(input);
      case "broker.connected":
        return this.#changed(input);
    }
  }
}
