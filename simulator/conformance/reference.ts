import {
  ClipAssembler,
  type ClipOutcome,
  Consumer,
  type EventMessage,
  type Outcome,
} from "../../agent/consumer/index.ts";
import { WorldError } from "../../agent/contract/errors.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { topicsOf } from "../../agent/contract/topics.ts";
import { Subscriber } from "../live/subscriber.ts";
import { type Answer, type Ask, conformanceTopics, EVERY_ASK, readAsk } from "./answers.ts";
import { prefixOf } from "./run.ts";

export interface ReferenceOptions {
  settings: Settings["broker"];
  run: string;
  /** Its own unless told: how a test makes one that is wrong. */
  consumer?: Consumer;
}

interface Known {
  presses: EventMessage[];
  rangFor: string[];
  clips: NonNullable<Answer["clips"]>;
}

const CONNECTS_WITHIN_MS = 15_000;

/** `porchlight/consumer` over MQTT, with answers for the conformance kit: it must pass. */
export class ReferenceConsumer {
  readonly #subscriber: Subscriber;
  readonly #consumer: Consumer;
  readonly #clips = new ClipAssembler();
  readonly #run: string;
  readonly #known = new Map<string, Known>();
  /** Clips are verified one after another, and questions wait for them. */
  #work: Promise<void> = Promise.resolve();
  #changed: (connected: boolean, detail: string) => void = () => undefined;

  constructor({ settings, run, consumer = new Consumer() }: ReferenceOptions) {
    this.#run = run;
    this.#consumer = consumer;
    this.#subscriber = new Subscriber({
      ...settings,
      url: settings.urls[0] ?? "",
      deviceId: "porchlight-reference",
      filter: ["porchlight/v1/+/#", EVERY_ASK],
      message: (topic, payload, retain) => this.#receive(topic, payload, retain),
      changed: (connected, detail) => this.#changed(connected, detail),
    });
  }

  /** Resolves once it is subscribed. @throws WorldError that says why it cannot be. */
  async start(): Promise<void> {
    const stands = this.#subscribed();
    await this.#subscriber.start();
    await stands;
  }

  async stop(): Promise<void> {
    await this.#subscriber.stop();
    await this.#work;
  }

  async #subscribed(): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const fail = (detail: string) => reject(new WorldError(`the reference consumer: ${detail}`));
      const limit = setTimeout(() => fail("the broker does not answer"), CONNECTS_WITHIN_MS);
      this.#changed = (connected, detail) => {
        if (!connected && detail === "it has left") return;
        clearTimeout(limit);
        if (connected) resolve();
        else fail(detail);
      };
    });
    this.#changed = () => undefined;
  }

  #receive(topic: string, payload: Uint8Array, retain: boolean): void {
    const { ask } = conformanceTopics(this.#run);
    if (topic === ask) return this.#asked(readAsk(new TextDecoder().decode(payload)));
    if (!topic.startsWith(`porchlight/v1/${prefixOf(this.#run)}`)) return;
    for (const outcome of this.#consumer.receive({ topic, payload, retain, receivedUtcMs: Date.now() }))
      this.#take(outcome);
  }

  #take(outcome: Outcome): void {
    if (outcome.kind === "clip")
      this.#soon(async () => this.#takeClip(await this.#clips.receive(outcome.message)));
    if (outcome.kind === "event") {
      const known = this.#of(outcome.deviceId);
      if (outcome.eventType === "press") known.presses.push(outcome);
      if (outcome.ring) known.rangFor.push(outcome.event.id);
      this.#consumer.confirmStored(outcome);
    }
    if (outcome.kind !== "event" && outcome.kind !== "duplicate") return;
    const { deviceId } = outcome;
    for (const receipt of this.#consumer.takeReceipts(deviceId))
      this.#subscriber.publish(topicsOf(deviceId).receipt, JSON.stringify(receipt));
  }

  #takeClip(outcomes: readonly ClipOutcome[]): void {
    for (const outcome of outcomes) {
      if (outcome.kind !== "clip-complete") continue;
      const { deviceId, clipId, sha256, whole } = outcome;
      this.#of(deviceId).clips.push({ clipId, sha256, whole });
    }
  }

  #asked(ask: Ask | null): void {
    if (!ask) return;
    this.#soon(async () => {
      if (ask.subscribeAgain) {
        await this.#subscriber.leave();
        const stands = this.#subscribed();
        this.#subscriber.comeBack();
        await stands;
      }
      const text = JSON.stringify(this.#answer(ask));
      this.#subscriber.publish(conformanceTopics(this.#run).answer, text);
    });
  }

  #answer({ question, deviceId, subscribeAgain }: Ask): Answer {
    const { presses, rangFor, clips } = this.#of(deviceId);
    return {
      question,
      deviceId,
      rangFor,
      presses: presses.length,
      gaps: this.#consumer.gapsOf(deviceId).map(({ epoch, lane, from, to }) => ({ epoch, lane, from, to })),
      clips,
      online: this.#consumer.statusOf(deviceId)?.state === "online",
      times: presses.map((press) => ({ id: press.event.id, utcMs: this.#consumer.timeOf(press).utcMs })),
      ...(subscribeAgain && { subscribedAgain: true }),
    };
  }

  #of(deviceId: string): Known {
    const known = this.#known.get(deviceId) ?? { presses: [], rangFor: [], clips: [] };
    this.#known.set(deviceId, known);
    return known;
  }

  #soon(job: () => Promise<void>): void {
    this.#work = this.#work.then(job);
  }
}
