import type { Broker, BrokerInput, BrokerMessageOut } from "../../device/ports/broker.ts";
import type { ConnectionRequest, MqttOptions } from "./client-options.ts";
import { Connection } from "./connection.ts";

/**
 * The broker on MQTT 5 or 3.1.1, by MQTT.js. Every connection has a client of its own that never reconnects, so that
 * nothing it holds can outlive the connection: what is to be sent again is the outbox's to say.
 *
 * An input is never posted before the call that causes it has returned.
 */
export class MqttBroker implements Broker {
  readonly #options: MqttOptions;
  readonly #connections = new Map<number, Connection>();
  #post: ((input: BrokerInput) => void) | null = null;

  constructor(options: MqttOptions) {
    this.#options = options;
  }

  start(post: (input: BrokerInput) => void): void {
    this.#post = post;
  }

  /** @throws Error when the connection before has not been told to end, or before `start`: a bug of the caller. */
  connect(request: ConnectionRequest): void {
    if (!this.#post) throw new Error("the broker is not started");
    for (const [number, connection] of this.#connections) {
      if (!connection.ending) throw new Error(`connection ${number} is still open`);
    }
    const connection = new Connection(this.#options, request, this.#post);
    this.#connections.set(request.connection, connection);
    void connection.closed.then(() => this.#connections.delete(request.connection));
  }

  /** Without effect, and without an answer, on a connection that has ended. */
  publish(connection: number, token: number, message: BrokerMessageOut): void {
    this.#connections.get(connection)?.publish(token, message);
  }

  /** The DISCONNECT follows what has been given to `publish`; acknowledgements are awaited for at most two seconds. */
  disconnect(connection: number): void {
    this.#connections.get(connection)?.disconnect();
  }

  abandon(connection: number): void {
    this.#connections.get(connection)?.abandon();
  }

  /** Abandons what is still open; nothing is posted once it has resolved. */
  async stop(): Promise<void> {
    const open = [...this.#connections.values()];
    for (const connection of open) connection.abandon();
    await Promise.all(open.map((connection) => connection.closed));
  }
}
