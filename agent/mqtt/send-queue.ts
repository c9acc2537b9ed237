import type { BrokerMessageOut } from "../../device/ports/broker.ts";
import type { PayloadReference, PayloadSource } from "../../device/ports/fragment-store.ts";

/** What became of a publish. */
export type SendAnswer = "acked" | SendFailure;

export interface SendFailure {
  cause: "gone" | "refused";
  detail: string;
  /** Of the PUBACK, where there was one. */
  reasonCode?: number;
}

export interface SendQueueOptions {
  payloads: PayloadSource;
  packetBytes: (message: BrokerMessageOut, payload: string | Buffer) => number;
  /** Writes the message; `done` once it is acknowledged or refused, `lost` when that will never be known. */
  send: (
    message: BrokerMessageOut,
    payload: string | Buffer,
    done: (answer: SendAnswer | "lost") => void,
  ) => void;
  answer: (token: number, answer: SendAnswer) => void;
}

/** What the broker allows (MQTT 5 §3.2.2.3.3 and §3.2.2.3.6). MQTT.js knows of neither on the way out. */
export interface SendLimits {
  receiveMaximum: number;
  packetMaxBytes: number;
}

interface Item {
  token: number;
  message: BrokerMessageOut;
  /** Null while it is being read. */
  payload: string | Buffer | SendFailure | null;
}

/**
 * Sends messages in the order they were given, although the bytes of some have to be read first. Text with nothing
 * before it goes out at once. It answers later than `push` returns, and never after `stop`.
 */
export class SendQueue {
  limits: SendLimits = { receiveMaximum: 65_535, packetMaxBytes: Number.POSITIVE_INFINITY };
  readonly #options: SendQueueOptions;
  readonly #items: Item[] = [];
  #inFlight = 0;
  #drained: (() => void) | null = null;
  #stopped = false;

  constructor(options: SendQueueOptions) {
    this.#options = options;
  }

  push(token: number, message: BrokerMessageOut): void {
    const item: Item = { token, message, payload: null };
    this.#items.push(item);
    const { payload } = message;
    if (payload.kind === "text") item.payload = payload.text;
    else if (payload.kind === "empty") item.payload = "";
    else this.#read(item, payload);
    this.#pump();
  }

  /** Calls `then` once everything that was pushed is answered. */
  drain(then: () => void): void {
    this.#drained = then;
    this.#pump();
  }

  stop(): void {
    this.#stopped = true;
    this.#items.length = 0;
    this.#drained = null;
  }

  #read(item: Item, reference: PayloadReference): void {
    this.#options.payloads.read(reference).then(
      (bytes) => {
        item.payload =
          bytes === "gone"
            ? { cause: "gone", detail: `${nameOf(reference)} is no longer there` }
            : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        this.#pump();
      },
      (error: Error) => {
        item.payload = { cause: "gone", detail: `${nameOf(reference)} cannot be read: ${error.message}` };
        this.#pump();
      },
    );
  }

  #pump(): void {
    while (!this.#stopped && this.#inFlight < this.limits.receiveMaximum) {
      const item = this.#items[0];
      if (!item || item.payload === null) break;
      this.#items.shift();
      this.#dispatch(item.token, item.message, item.payload);
    }
    if (this.#items.length > 0 || this.#inFlight > 0) return;
    const drained = this.#drained;
    this.#drained = null;
    drained?.();
  }

  #dispatch(token: number, message: BrokerMessageOut, payload: string | Buffer | SendFailure): void {
    if (typeof payload === "object" && !Buffer.isBuffer(payload)) {
      this.#answerSoon(token, payload);
      return;
    }
    const bytes = this.#options.packetBytes(message, payload);
    const { packetMaxBytes } = this.limits;
    if (bytes > packetMaxBytes) {
      const detail = `${bytes} bytes are more than the ${packetMaxBytes} that the broker takes`;
      this.#answerSoon(token, { cause: "refused", detail });
      return;
    }
    this.#inFlight += 1;
    this.#options.send(message, payload, (answer) => {
      this.#inFlight -= 1;
      if (this.#stopped) return;
      if (answer !== "lost") this.#options.answer(token, answer);
      this.#pump();
    });
  }

  #answerSoon(token: number, answer: SendAnswer): void {
    queueMicrotask(() => {
      if (!this.#stopped) this.#options.answer(token, answer);
    });
  }
}

function nameOf(reference: PayloadReference): string {
  return reference.kind === "segment"
    ? `segment ${reference.index} of clip ${reference.clipId}`
    : `the still of ${reference.eventId}`;
}
