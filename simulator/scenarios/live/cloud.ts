import {
  ClipAssembler,
  type ClipMessage,
  type ClipOutcome,
  Consumer,
  type Outcome,
} from "../../../agent/consumer/index.ts";
import type { Settings } from "../../../agent/contract/settings.ts";
import { topicsOf } from "../../../agent/contract/topics.ts";
import type { Violation } from "../../checkers/evidence.ts";
import { Subscriber } from "../../live/subscriber.ts";
import type { Seen } from "../stage.ts";

/** What one who receives the messages of a doorbell sees of it. */
export type Received =
  Extract<Seen, { what: "status" | "event" | "snapshot" | "clip" }> extends infer S
    ? S extends Seen
      ? Omit<S, "atMs" | "doorbell">
      : never
    : never;

export interface CloudOptions {
  /** Of the doorbell: its id, and how its broker is spoken to. */
  settings: Settings;
  /** Where the broker really is. */
  url: string;
  /** Of its session. */
  clientId: string;
  received: (fact: Received) => void;
  /** Something arrived that is not as the contract has it, or the broker cannot be reached. */
  trouble: (detail: string) => void;
}

/** Receives everything that one doorbell publishes, with a session that outlives its connections, and gives receipts. */
export class LiveCloud {
  readonly #options: CloudOptions;
  readonly #topics: ReturnType<typeof topicsOf>;
  readonly #consumer = new Consumer();
  readonly #assembler = new ClipAssembler();
  readonly #subscriber: Subscriber;
  readonly #snapshots = new Set<string>();
  #away = 0;
  #status = "";
  #lastTrouble = "";
  #work: Promise<void> = Promise.resolve();

  constructor(options: CloudOptions) {
    this.#options = options;
    const { settings, url, clientId } = options;
    this.#topics = topicsOf(settings.device.id);
    this.#subscriber = new Subscriber({
      ...settings.broker,
      url,
      clientId,
      keepsSession: true,
      deviceId: settings.device.id,
      filter: this.#topics.everything,
      message: (topic, payload, retain) => this.#receive(topic, payload, retain),
      changed: (connected, detail) => {
        if (!connected && this.#away === 0) this.#trouble(detail);
      },
    });
  }

  /** Begins to connect. */
  async start(): Promise<void> {
    await this.#subscriber.start();
  }

  get isConnected(): boolean {
    return this.#subscriber.isConnected;
  }

  /** What must hold once everything has settled, and does not. */
  violations(): Violation[] {
    const deviceId = this.#options.settings.device.id;
    const status = this.#consumer.statusOf(deviceId)?.state ?? "never told";
    const gaps = this.#consumer.gapsOf(deviceId).filter(({ reason }) => reason === "undeclared");
    return [
      ...(status === "online"
        ? []
        : [{ checker: "status", detail: `${deviceId} runs, and its status is ${status}` }]),
      ...gaps.map(({ lane, epoch, from, to }) => ({
        checker: "gaps",
        detail: `${deviceId}: ${lane} ${from} to ${to} of ${epoch} neither came nor were declared as dropped`,
      })),
    ];
  }

  /** Goes away; its session at the broker keeps what comes. */
  async leave(): Promise<void> {
    this.#away += 1;
    if (this.#away === 1) await this.#subscriber.leave();
  }

  comeBack(): void {
    this.#away -= 1;
    if (this.#away === 0) this.#subscriber.comeBack();
  }

  /** Closes its connection, ends its session, and waits until everything that came was looked at. */
  async stop(): Promise<void> {
    await this.#subscriber.stop();
    await this.#work;
  }

  #receive(topic: string, payload: Uint8Array, retain: boolean): void {
    // Whoever uses this broker besides may have cleared it.
    if (topic === this.#topics.status && payload.length === 0) return;
    for (const outcome of this.#consumer.receive({ topic, payload, retain, receivedUtcMs: Date.now() }))
      this.#take(outcome, retain);
    for (const receipt of this.#consumer.takeReceipts(this.#options.settings.device.id))
      this.#subscriber.publish(this.#topics.receipt, JSON.stringify(receipt));
  }

  #take(outcome: Outcome, isRetained: boolean): void {
    const { received } = this.#options;
    switch (outcome.kind) {
      case "event": {
        this.#consumer.confirmStored(outcome);
        const { event, eventType: type, late } = outcome;
        return received({ what: "event", late, id: event.id, type, data: { ...event.data } });
      }
      case "status": {
        const { status } = outcome;
        const text = JSON.stringify(status);
        // A retained one comes again with every new subscription.
        if (isRetained && text === this.#status) return;
        this.#status = text;
        return received({ what: "status", state: status.state });
      }
      case "snapshot":
        if (this.#snapshots.has(outcome.eventId)) return;
        this.#snapshots.add(outcome.eventId);
        return received({ what: "snapshot", eventId: outcome.eventId, bytes: outcome.jpeg.length });
      case "clip":
        return this.#clip(outcome.message);
      case "refused":
        return this.#trouble(`${outcome.topic}: ${outcome.detail}`);
      case "duplicate":
      case "gap":
      case "health":
      case "receipt":
      case "config-desired":
      case "config-reported":
        return;
    }
  }

  /** Hashes are checked one message after the other, in the order of arrival. */
  #clip(message: ClipMessage): void {
    this.#work = this.#work.then(async () => {
      for (const outcome of await this.#assembler.receive(message)) this.#clipOutcome(outcome);
    });
  }

  #clipOutcome(outcome: ClipOutcome): void {
    const { received } = this.#options;
    const { kind, clipId } = outcome;
    if (kind === "clip-complete") {
      const { end, manifest } = outcome;
      received({ what: "clip", clipId, state: "whole", end, preRollMs: manifest.preRollMs });
    } else if (kind === "clip-bad" && outcome.final && outcome.reason === "aborted") {
      received({ what: "clip", clipId, state: "aborted", end: "", preRollMs: 0 });
    } else if (kind === "clip-bad" || kind === "clip-refused")
      this.#trouble(`clip ${clipId}: ${outcome.reason}: ${outcome.detail}`);
  }

  /** Once, however often it is tried again. */
  #trouble(detail: string): void {
    if (detail !== this.#lastTrouble) this.#options.trouble(detail);
    this.#lastTrouble = detail;
  }
}
