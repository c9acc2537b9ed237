import type { Broker, BrokerInput } from "../../device/ports/broker.ts";

type ConnectRequest = Parameters<Broker["connect"]>[0];

/**
 * A network plug between the agent and its broker. The agent sees connections that are not made yet, or that end; a
 * tester has `on` and `off`. Until the first of these the agent's first connection waits.
 */
export class LinkSwitch implements Broker {
  readonly #inner: Broker;
  readonly #monotonicMs: () => number;
  #post: ((input: BrokerInput) => void) | null = null;
  #state: "waiting" | "on" | "off" = "waiting";
  #waiting: ConnectRequest | null = null;
  /** The one that the inner broker has. */
  #connection: number | null = null;

  constructor(inner: Broker, monotonicMs: () => number) {
    this.#inner = inner;
    this.#monotonicMs = monotonicMs;
  }

  get isOn(): boolean {
    return this.#state === "on";
  }

  /** The agent reaches its broker: at once if its connection waits, else at its next try. */
  on(): void {
    this.#state = "on";
    const request = this.#waiting;
    this.#waiting = null;
    if (request) this.connect(request);
  }

  /** Ends the connection, and every try to make another. */
  off(): void {
    this.#state = "off";
    if (this.#connection !== null) this.#inner.abandon(this.#connection);
    this.#refuseWaiting();
  }

  start(post: (input: BrokerInput) => void): void {
    this.#post = post;
    this.#inner.start((input) => {
      if (input.type === "broker.disconnected" && input.connection === this.#connection)
        this.#connection = null;
      post(input);
    });
  }

  connect(request: ConnectRequest): void {
    if (this.#state === "on") {
      this.#connection = request.connection;
      this.#inner.connect(request);
    } else if (this.#state === "waiting") {
      this.#waiting = request;
    } else {
      this.#refuse(request);
    }
  }

  publish(connection: number, token: number, message: Parameters<Broker["publish"]>[2]): void {
    this.#inner.publish(connection, token, message);
  }

  disconnect(connection: number): void {
    if (this.#waiting?.connection === connection) this.#refuseWaiting();
    else this.#inner.disconnect(connection);
  }

  abandon(connection: number): void {
    if (this.#waiting?.connection === connection) this.#refuseWaiting();
    else this.#inner.abandon(connection);
  }

  async stop(): Promise<void> {
    await this.#inner.stop();
    this.#post = null;
  }

  #refuseWaiting(): void {
    const request = this.#waiting;
    this.#waiting = null;
    if (request) this.#refuse(request);
  }

  #refuse({ connection }: ConnectRequest): void {
    this.#post?.({
      type: "broker.disconnected",
      occurredAt: this.#monotonicMs(),
      connection,
      cause: "unreachable",
      detail: "switched off by the tester",
    });
  }
}
