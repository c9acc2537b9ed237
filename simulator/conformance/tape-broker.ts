import type { Broker, BrokerInput, BrokerMessageOut } from "../../device/ports/broker.ts";
import type { PayloadReference } from "../../device/ports/fragment-store.ts";
import type { DeviceTime } from "../world/device-time.ts";

/** A message that a doorbell has published, with its bytes. */
export interface TapeMessage {
  topic: string;
  payload: Uint8Array;
  retain: boolean;
}

/** A will, as it was registered with a connection. */
export interface Will {
  topic: string;
  text: string;
}

type Request = Parameters<Broker["connect"]>[0];

const ANSWERS_AFTER_MS = 1;

/** What outlives the power: what was published, and whether there is a network. */
export class Tape {
  readonly messages: TapeMessage[] = [];
  /** The will of the newest connection. */
  will: Will | null = null;
  isReachable = true;
}

/** A broker that acknowledges everything at once and writes it down. */
export class TapeBroker implements Broker {
  readonly #time: DeviceTime;
  readonly #tape: Tape;
  readonly #bytesOf: (reference: PayloadReference) => Uint8Array | null;
  #post: ((input: BrokerInput) => void) | null = null;
  #open: Request | null = null;

  constructor(time: DeviceTime, tape: Tape, bytesOf: (reference: PayloadReference) => Uint8Array | null) {
    this.#time = time;
    this.#tape = tape;
    this.#bytesOf = bytesOf;
  }

  start(post: (input: BrokerInput) => void): void {
    this.#post = post;
  }

  connect(request: Request): void {
    const { connection } = request;
    this.#soon((occurredAt) => {
      if (!this.#tape.isReachable) return this.#over(connection, "unreachable", occurredAt);
      this.#open = request;
      this.#tape.will = request.will;
      this.#post?.({ type: "broker.connected", occurredAt, connection, protocol: "5" });
    });
  }

  publish(connection: number, token: number, { topic, payload, retain }: BrokerMessageOut): void {
    if (this.#open?.connection !== connection) return;
    const bytes = bytesIn(payload, this.#bytesOf);
    this.#soon((occurredAt) => {
      if (bytes === null) {
        const detail = "the bytes are gone";
        this.#post?.({ type: "broker.publish-failed", occurredAt, connection, token, cause: "gone", detail });
        return;
      }
      this.#tape.messages.push({ topic, payload: bytes, retain });
      this.#post?.({ type: "broker.acked", occurredAt, connection, token });
      this.#echo({ topic, payload: bytes, retain }, occurredAt);
    });
  }

  disconnect(connection: number): void {
    this.#soon((occurredAt) => this.#over(connection, "closed", occurredAt));
  }

  abandon(connection: number): void {
    this.disconnect(connection);
  }

  /** The network is gone: so is the connection. */
  lose(): void {
    const { connection } = this.#open ?? {};
    if (connection !== undefined) this.disconnect(connection);
  }

  async stop(): Promise<void> {
    this.#post = null;
  }

  /** A doorbell that has subscribed to what it publishes gets it back. */
  #echo({ topic, payload, retain }: TapeMessage, occurredAt: number): void {
    const { connection, subscriptions } = this.#open ?? {};
    if (connection === undefined || !subscriptions?.includes(topic)) return;
    const text = new TextDecoder().decode(payload);
    const about = { topic, text, bytes: payload.length, retain };
    this.#post?.({ type: "broker.message", occurredAt, connection, ...about });
  }

  #over(connection: number, cause: "unreachable" | "closed", occurredAt: number): void {
    if (this.#open?.connection === connection) this.#open = null;
    const detail = "as it was asked";
    this.#post?.({ type: "broker.disconnected", occurredAt, connection, cause, detail });
  }

  #soon(run: (occurredAt: number) => void): void {
    this.#time.after(ANSWERS_AFTER_MS, () => run(this.#time.monotonicMs()));
  }
}

function bytesIn(
  payload: BrokerMessageOut["payload"],
  bytesOf: (reference: PayloadReference) => Uint8Array | null,
): Uint8Array | null {
  if (payload.kind === "text") return new TextEncoder().encode(payload.text);
  return payload.kind === "empty" ? new Uint8Array() : bytesOf(payload);
}
