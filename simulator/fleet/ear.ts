import { type ConsumerMessage, parseMessage } from "../../agent/consumer/index.ts";
import { WorldError } from "../../agent/contract/errors.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { topicsOf } from "../../agent/contract/topics.ts";
import { Subscriber } from "../live/subscriber.ts";

/** What a fleet's subscriber makes of what it hears. */
export interface EarOptions {
  settings: Settings;
  /** Each press, on a connection of its own, so that it waits behind no clip. */
  press: (eventId: string, atMs: number) => void;
  /** Everything else. */
  message: (message: ConsumerMessage) => void;
  /** A press on a topic that it answers false for is not heard: how a test makes a subscriber that loses some. */
  hears: (topic: string) => boolean;
}

/** Heard since the subscriptions stand. */
export interface Heard {
  messages: number;
  events: number;
  bytes: number;
  /** Messages that are none of the contract; the first says why. */
  refused: number;
  firstRefusal: string;
  /** Times that a subscription was lost: what was published meanwhile is missing. */
  interruptions: number;
}

const PRESSES = "porchlight/v1/+/+/press";
const EVERYTHING = "porchlight/v1/#";
const STANDS_WITHIN_MS = 10_000;

/** The one subscriber of a fleet: hears, checks and counts everything that comes to its broker. */
export class Ear {
  readonly heard: Heard = {
    messages: 0,
    events: 0,
    bytes: 0,
    refused: 0,
    firstRefusal: "",
    interruptions: 0,
  };
  /** By `performance.now()`. */
  lastHeardMs = 0;
  readonly #options: EarOptions;
  #subscribers: Subscriber[] = [];
  #stands = false;

  constructor(options: EarOptions) {
    this.#options = options;
  }

  /** Resolves once both subscriptions stand. @throws WorldError that says why they cannot. */
  async start(): Promise<void> {
    await Promise.all([
      this.#subscribe(PRESSES, (topic, payload) => this.#press(topic, payload)),
      this.#subscribe(EVERYTHING, (topic, payload) => this.#message(topic, payload)),
    ]);
    this.#stands = true;
  }

  async stop(): Promise<void> {
    await Promise.all(this.#subscribers.map((subscriber) => subscriber.stop()));
  }

  async #subscribe(filter: string, message: (topic: string, payload: Uint8Array) => void): Promise<void> {
    const { broker, device } = this.#options.settings;
    // Others may be on the same broker.
    const own = `${topicsOf(device.id).root}-`;
    const url = broker.urls[0] ?? "";
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(() => reject(noSubscription(url, "it does not answer")), STANDS_WITHIN_MS);
      const subscriber = new Subscriber({
        url,
        ...broker,
        deviceId: "porchlight-fleet",
        filter,
        message: (topic, payload) => {
          if (topic.startsWith(own)) message(topic, payload);
        },
        changed: (connected, detail) => {
          clearTimeout(limit);
          if (connected) resolve();
          else if (this.#stands) this.heard.interruptions += 1;
          else reject(noSubscription(url, detail));
        },
      });
      this.#subscribers.push(subscriber);
      subscriber.start().catch((error: Error) => {
        clearTimeout(limit);
        reject(new WorldError(error.message));
      });
    });
  }

  #press(topic: string, payload: Uint8Array): void {
    const atMs = performance.now();
    if (!this.#options.hears(topic)) return;
    const message = parseMessage(topic, payload);
    if (message.kind === "event") this.#options.press(message.event.id, atMs);
  }

  #message(topic: string, payload: Uint8Array): void {
    this.lastHeardMs = performance.now();
    const { heard } = this;
    heard.messages += 1;
    heard.bytes += payload.length;
    const message = parseMessage(topic, payload);
    if (message.kind === "refused") {
      heard.refused += 1;
      heard.firstRefusal ||= `${message.topic}: ${message.detail}`;
      return;
    }
    if (message.kind === "event") heard.events += 1;
    this.#options.message(message);
  }
}

function noSubscription(url: string, detail: string): WorldError {
  const { host } = new URL(url);
  return new WorldError(`the fleet's subscriber cannot reach the broker at ${host}: ${detail}`);
}
