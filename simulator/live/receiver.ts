import { join } from "node:path";
import {
  ClipAssembler,
  type ClipMessage,
  type ClipOutcome,
  Consumer,
  type EventMessage,
  type Outcome,
} from "../../agent/consumer/index.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { topicsOf } from "../../agent/contract/topics.ts";
import { ClipParts } from "./clip-parts.ts";
import { EventLog } from "./event-log.ts";
import { eventSummary } from "./event-summary.ts";
import type { Fact } from "./happenings.ts";
import { ReceivedFiles } from "./received-files.ts";
import { Snapshots } from "./snapshots.ts";
import { Subscriber } from "./subscriber.ts";

export interface ReceiverOptions {
  settings: Settings;
  /** Where everything is written. */
  folder: string;
  /** Is told each fact with the monotonic time at which it came in. */
  tell: (fact: Fact, atMs: number) => void;
  /** How long after the contact closed this press arrived, if it was pressed here. */
  afterPressMs: (press: EventMessage, atMs: number) => number | null;
}

/**
 * Receives everything that one doorbell publishes, at each of its brokers: checks it, stores it, gives receipts.
 * What it receives is stored in the order of its arrival; nothing is confirmed before it is stored.
 */
export class Receiver {
  readonly #options: ReceiverOptions;
  readonly #deviceId: string;
  readonly #consumer = new Consumer();
  readonly #assembler = new ClipAssembler();
  readonly #log: EventLog;
  readonly #files: ReceivedFiles;
  readonly #parts: ClipParts;
  readonly #snapshots: Snapshots;
  readonly #subscribers: Subscriber[];
  #unstored: EventMessage[] = [];
  #work: Promise<void> = Promise.resolve();
  #wake: (() => void)[] = [];

  constructor(options: ReceiverOptions) {
    const { settings, folder, tell } = options;
    this.#options = options;
    this.#deviceId = settings.device.id;
    this.#log = new EventLog(join(folder, "events.jsonl"));
    this.#files = new ReceivedFiles(folder);
    this.#parts = new ClipParts(join(folder, "partial"), this.#deviceId);
    this.#snapshots = new Snapshots(this.#files, tell);
    this.#subscribers = settings.broker.urls.map(
      (url) =>
        new Subscriber({
          url,
          ...settings.broker,
          deviceId: this.#deviceId,
          filter: topicsOf(this.#deviceId).everything,
          message: (topic, payload, retain) => this.#receive(topic, payload, retain),
          changed: (_connected, detail) => this.#connectionChanged(detail),
        }),
    );
  }

  get isConnected(): boolean {
    return this.#subscribers.some((subscriber) => subscriber.isConnected);
  }

  /**
   * Takes up what an earlier run has left, and begins to connect. What cannot be stored is received all the same,
   * and not confirmed.
   * @throws Error that names the setting, when the broker's password or authorities cannot be read.
   */
  async start(): Promise<void> {
    this.#soon(() => this.#takeUp());
    await this.#work;
    for (const subscriber of this.#subscribers) await subscriber.start();
  }

  /** Resolves with true once a subscription stands, with false after `withinMs`. */
  async connected(withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (!this.isConnected) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return false;
      await this.#nextChange(leftMs);
    }
    return true;
  }

  /** Closes the connections and waits until what was received is stored. */
  async stop(): Promise<void> {
    await Promise.all(this.#subscribers.map((subscriber) => subscriber.stop()));
    await this.#work;
    await this.#log.close();
  }

  async #takeUp(): Promise<void> {
    await this.#files.open();
    for (const { epoch, lane, sequence } of await this.#log.open()) {
      const stored: [number, number][] = [[sequence, sequence]];
      const receipt = { epoch, press: [], event: [], [lane]: stored };
      this.#consumer.restore(this.#deviceId, receipt);
    }
    for await (const message of this.#parts.kept()) this.#clip(message, "kept");
  }

  #receive(topic: string, payload: Uint8Array, retain: boolean): void {
    const atMs = performance.now();
    const outcomes = this.#consumer.receive({ topic, payload, retain, receivedUtcMs: Date.now() });
    for (const outcome of outcomes) this.#take(outcome, topic, atMs);
  }

  #take(outcome: Outcome, topic: string, atMs: number): void {
    const { tell } = this.#options;
    switch (outcome.kind) {
      case "event":
        return this.#event(outcome, topic, atMs);
      case "duplicate":
        // It is stored, or is being stored: either way the receipt names it.
        return this.#soon(() => this.#giveReceipts());
      case "gap":
        return tell({ what: "gap", ...outcome }, atMs);
      case "status":
        return outcome.holds ? tell({ what: "status", state: outcome.status.state }, atMs) : undefined;
      case "snapshot":
        return this.#soon(() => this.#snapshots.picture(outcome.eventId, outcome.jpeg, atMs));
      case "clip":
        return this.#clip(outcome.message, "new");
      case "refused":
        return tell({ what: "refused", detail: `${outcome.topic}: ${outcome.detail}` }, atMs);
      case "health":
      case "receipt":
      case "config-desired":
      case "config-reported":
        return;
    }
  }

  #event(message: EventMessage, topic: string, atMs: number): void {
    const { event, eventType, late, known } = message;
    this.#options.tell(
      {
        what: "event",
        id: event.id,
        epoch: event.epoch,
        monotonicMs: message.monotonicMs,
        type: eventType,
        lane: event.lane,
        sequence: event.sequence,
        topic,
        late,
        afterPressMs: eventType === "press" ? this.#options.afterPressMs(message, atMs) : null,
        summary: eventSummary(message),
      },
      atMs,
    );
    this.#unstored.push(message);
    if (this.#unstored.length === 1) this.#soon(() => this.#storeEvents());
    if (known?.type === "snapshot") this.#soon(() => this.#snapshots.facts(known.data));
  }

  /** Everything that came while the last batch was written becomes the next one. */
  async #storeEvents(): Promise<void> {
    const messages = this.#unstored;
    this.#unstored = [];
    try {
      await this.#log.append(messages.map(({ event }) => event));
    } catch (error) {
      for (const message of messages) this.#consumer.forget(message);
      throw error;
    }
    for (const message of messages) this.#consumer.confirmStored(message);
    this.#giveReceipts();
  }

  #giveReceipts(): void {
    for (const receipt of this.#consumer.takeReceipts(this.#deviceId)) {
      const text = JSON.stringify(receipt);
      for (const subscriber of this.#subscribers) subscriber.publish(topicsOf(this.#deviceId).receipt, text);
    }
  }

  /** Hashes are checked while the disk works, so that the time of an arrival is not that of the disk. */
  #clip(message: ClipMessage, origin: "new" | "kept"): void {
    const { clipId } = message;
    if (this.#files.hasClip(clipId)) return this.#soon(() => this.#parts.forget(clipId));
    const checked = this.#assembler
      .receive(message)
      .then((outcomes) => ({ outcomes, atMs: performance.now() }));
    this.#soon(async () => {
      if (origin === "new") await this.#parts.keep(message);
      const { outcomes, atMs } = await checked;
      for (const outcome of outcomes) await this.#clipOutcome(outcome, atMs);
    });
  }

  async #clipOutcome(outcome: ClipOutcome, atMs: number): Promise<void> {
    const { tell } = this.#options;
    const { clipId } = outcome;
    switch (outcome.kind) {
      case "clip-progress":
        return tell({ what: "clip-received", clipId, receivedBytes: outcome.contiguousBytes }, atMs);
      case "clip-complete": {
        tell({ what: "clip-verified", clipId, receivedBytes: outcome.bytes.length }, atMs);
        const received = await this.#files.storeClip(outcome, Date.now());
        await this.#parts.forget(clipId);
        return tell({ what: "clip-whole", ...received }, performance.now());
      }
      case "clip-bad":
        if (outcome.final) await this.#parts.forget(clipId);
        return tell({ what: "clip-given-up", clipId, reason: `${outcome.reason}: ${outcome.detail}` }, atMs);
      case "clip-refused":
        return tell({ what: "refused", detail: `clip ${clipId}: ${outcome.detail}` }, atMs);
    }
  }

  /** In the order of arrival, one after the other. A disk that fails is told, and the next thing is tried all the same. */
  #soon(job: () => Promise<void> | void): void {
    this.#work = this.#work.then(job).catch((error: unknown) => {
      const detail = `cannot be stored: ${error instanceof Error ? error.message : error}`;
      this.#options.tell({ what: "refused", detail }, performance.now());
    });
  }

  #connectionChanged(detail: string): void {
    this.#options.tell({ what: "consumer", connected: this.isConnected, detail }, performance.now());
    for (const wake of this.#wake.splice(0)) wake();
  }

  async #nextChange(withinMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, withinMs);
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
