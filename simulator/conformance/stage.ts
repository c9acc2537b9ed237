import type { EventMessage } from "../../agent/consumer/index.ts";
import { parseMessage } from "../../agent/consumer/index.ts";
import { Bug, WorldError } from "../../agent/contract/errors.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { topicsOf } from "../../agent/contract/topics.ts";
import type { Answer } from "./answers.ts";
import type { Connection } from "./connection.ts";
import { Door } from "./door.ts";
import type { Mail } from "./mail.ts";
import type { TapeMessage } from "./tape-broker.ts";

/** What an answer must say; a string says in one line what is wrong with it. */
export type Expectation = (answer: Answer) => string | null;

export interface StageOptions {
  mail: Mail;
  settings: Settings;
  seed: number;
  /** How long anything is waited for. */
  waitMs: number;
  /** The consumer gives receipts, as far as is known. */
  givesReceipts: () => boolean;
}

/** How long before now the world of a doorbell begins, unless a case tells otherwise. */
const BEGINS_BEFORE_MS = 20_000;
const ASK_AGAIN_MS = 250;

/** What one case has: a doorbell, its way to the broker, and what comes back. */
export class Stage {
  readonly deviceId: string;
  /** What was wrong, each in one line. */
  readonly failures: string[] = [];
  /** What could not be judged, because the consumer says nothing of it. */
  readonly unjudged = new Set<string>();
  readonly #options: StageOptions;
  readonly #owed = new Map<string, EventMessage["event"]>();

  constructor(options: StageOptions) {
    this.#options = options;
    this.deviceId = options.settings.device.id;
  }

  /** Its doorbell; `beginsBeforeMs` is how long ago its world begins. */
  door(options: { beginsBeforeMs?: number; clockBehindMs?: number } = {}): Door {
    const { beginsBeforeMs = BEGINS_BEFORE_MS, ...clock } = options;
    const { settings, seed } = this.#options;
    return new Door({ settings, seed, beginsUtcMs: Date.now() - beginsBeforeMs, ...clock });
  }

  get topics(): ReturnType<typeof topicsOf> {
    return topicsOf(this.deviceId);
  }

  /** A connection of the doorbell's own, with this will. */
  connect(name: string, will: { topic: string; text: string }): Promise<Connection> {
    return this.#options.mail.connect(`${this.deviceId}-${name}`, will);
  }

  /** Plays these messages, one after another. The consumer owes a receipt for each event in them. */
  async play(messages: readonly TapeMessage[]): Promise<void> {
    for (const message of messages) {
      await this.#options.mail.publish(message);
      const read = parseMessage(message.topic, message.payload);
      if (read.kind === "event") this.#owed.set(read.event.id, read.event);
    }
  }

  /** The message of a case that is not what the contract says: nothing is owed for it. */
  async playWrong(message: TapeMessage): Promise<void> {
    await this.#options.mail.publish(message);
  }

  /** Waits for the receipts of all events that were played. Answers those that have none. */
  async missingReceipts(): Promise<string[]> {
    const { mail, waitMs } = this.#options;
    const missing = () =>
      [...this.#owed.values()].filter((event) => !mail.isReceipted(this.deviceId, event)).map(({ id }) => id);
    await mail.until(() => missing().length === 0, waitMs);
    return missing();
  }

  /** Every receipt so far is lost on its way to the doorbell: what is played from now on is owed anew. */
  loseReceipts(): void {
    this.#owed.clear();
    this.#options.mail.forgetReceipts(this.deviceId);
  }

  /** It has been receipted. */
  isReceipted(event: Pick<EventMessage["event"], "epoch" | "lane" | "sequence">): boolean {
    return this.#options.mail.isReceipted(this.deviceId, event);
  }

  /** Waits until the doorbell's status has come back from the broker as this text. */
  async sawStatus(text: string): Promise<void> {
    const { mail, waitMs } = this.#options;
    await mail.until(() => mail.statusOf(this.deviceId) === text, waitMs);
    if (mail.statusOf(this.deviceId) !== text)
      throw new WorldError(`the broker has not published the will of a connection that was cut`);
  }

  fail(why: string): void {
    this.failures.push(why);
  }

  /**
   * Waits until every event that was played is receipted, where the consumer gives receipts; then asks until its
   * answer is as expected, and tells what is wrong with the last one.
   */
  async expect(expectation: Expectation): Promise<void> {
    const { mail, waitMs, givesReceipts } = this.#options;
    if (givesReceipts()) {
      const [first, ...more] = await this.missingReceipts();
      const others = more.length > 0 ? ` and for ${more.length} more` : "";
      if (first !== undefined) this.fail(`no receipt for ${first}${others}`);
    }
    if (!mail.answers) {
      this.unjudged.add("answers");
      return;
    }
    const deadline = performance.now() + waitMs;
    for (;;) {
      const answer = await this.ask();
      const complaint = answer === null ? "no answer to a question" : expectation(answer);
      if (complaint === null) return;
      if (performance.now() > deadline) return this.fail(complaint);
      await mail.until(() => false, ASK_AGAIN_MS);
    }
  }

  /** One question; null when no answer comes. */
  ask(subscribeAgain = false): Promise<Answer | null> {
    const { mail, waitMs } = this.#options;
    return mail.ask(this.deviceId, subscribeAgain, waitMs);
  }

  /** An expectation about a fact that an answer may leave out. */
  knows<K extends keyof Answer>(
    fact: K,
    complaint: (value: NonNullable<Answer[K]>) => string | null,
  ): Expectation {
    return (answer) => {
      const value = answer[fact];
      if (value !== undefined && value !== null) return complaint(value);
      this.unjudged.add(fact);
      return null;
    };
  }
}

/** The first that is wrong. */
export function all(...expectations: Expectation[]): Expectation {
  return (answer) => {
    for (const expectation of expectations) {
      const complaint = expectation(answer);
      if (complaint !== null) return complaint;
    }
    return null;
  };
}

/** The event in a message that a doorbell has published. */
export function eventOf(message: TapeMessage | undefined): EventMessage {
  const read = message ? parseMessage(message.topic, message.payload) : null;
  if (read?.kind !== "event") throw new Bug("a case expected an event on its doorbell's tape");
  return read;
}

/** How a case's doorbell is set up, and what is done with it. */
export interface ConformanceCase {
  name: string;
  /** What it plays, in one line. */
  plays: string;
  /** What must come back, in one line. */
  expects: string;
  /** Its doorbell has a camera. */
  camera?: true;
  play(stage: Stage): Promise<void>;
}

/** Those of the messages that are presses, live or late, in their order. */
export function pressesIn(messages: readonly TapeMessage[]): TapeMessage[] {
  return messages.filter(({ topic }) => /\/(event|late)\/press$/.test(topic));
}

/** All of the messages that are not among `but`, in their order. */
export function without(messages: readonly TapeMessage[], but: readonly TapeMessage[]): TapeMessage[] {
  return messages.filter((message) => !but.includes(message));
}
