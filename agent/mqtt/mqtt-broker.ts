import type { Broker, BrokerInput, BrokerMessageOut } from "../../device/ports/broker.ts";
import type { ConnectionRequest, MqttOptions } from "./client-options.ts";
import { Connection, type ConnectionOwner } from "./connection.ts";

/**
 * The broker on MQTT 5 or 3.1.1, by MQTT.js. Every connection has a client of its own that never reconnects, so that
 * nothing it holds can outlive the connection: what is to be sent again is the outbox's to say.
 *
 * An input is never posted before the call that causes it has returned.
 */
export class MqttBroker implements Broker {
  readonly #options: MqttOptions;
  /** One, and those that are ending. */
  #connections: readonly Connection[] = [];
  #owner: ConnectionOwner | null = null;
  #whenNone: (() => void)[] | null = null;

  constructor(options: MqttOptions) {
    this.#options = options;
  }

  start(post: (input: BrokerInput) => void): void {
    this.#owner = { post, closed: (connection) => this.#forget(connection) };
  }

  /** @throws Error when the connection before has not been told to end, or before `start`: a bug of the caller. */
  connect(request: ConnectionRequest): void {
    if (!this.#owner) throw new Error("the broker is not started");
    const open = this.#connections.find((connection) => !connection.ending);
    if (open) throw new Error(`connection ${open.number} is still open`);
    const connection = new Connection(this.#options, request, this.#owner);
    this.#connections = this.#connections.concat(connection);
  }

  /** Without effect, and without an answer, on a connection that has ended. */
  publish(connection: number, token: number, message: BrokerMessageOut): void {
    this.#find(connection)?.publish(token, message);
  }

  /** The DISCONNECT follows what has been given to `publish`; acknowledgements are awaited for at most two seconds. */
  disconnect(connection: number): void {
    this.#find(connection)?.disconnect();
  }

  abandon(connection: number): void {
    this.#find(connection)?.abandon();
  }

  /** Abandons what is still open; nothing is posted once it has resolved. */
  async stop(): Promise<void> {
    for (const connection of this.#connections) connection.abandon();
    if (this.#connections.length === 0) return;
    await new Promise<void>((resolve) => {
      this.#whenNone = [...(this.#whenNone ?? []), resolve];
    });
  }

  #find(number: number): Connection | undefined {
    return this.#connections.find((connection) => connection.number === number);
  }

  #forget(closed: Connection): void {
    this.#connections = this.#connections.filter((connection) => connection !== closed);
    if (this.#connections.length > 0) return;
    for (const resolve of this.#whenNone ?? []) resolve();
    this.#whenNone = null;
  }
}
