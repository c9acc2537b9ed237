import { setTimeout as pause } from "node:timers/promises";
import { parseReceipt } from "../../agent/contract/receipt.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { parseTopic } from "../../agent/contract/topics.ts";
import { type Answer, type Ask, conformanceTopics, readAnswer } from "./answers.ts";
import { Connection } from "./connection.ts";
import type { TapeMessage } from "./tape-broker.ts";

type Numbered = { epoch: string; lane: "press" | "event"; sequence: number };
type Lanes = Record<"press" | "event", [from: number, to: number][]>;

const LOOK_EVERY_MS = 5;
/** Ranges kept of one doorbell's receipts: no case has as many events. */
const MOST_RANGES = 4_096;
const MOST_TROUBLES = 20;

/** The kit's own connection: everything it publishes, and everything that comes back to it. */
export class Mail {
  /** The consumer has answered a question. */
  answers = false;
  /** What came back and was wrong in itself. */
  readonly troubles = new Set<string>();
  readonly #settings: Settings["broker"];
  readonly #run: string;
  readonly #isOurs: (deviceId: string) => boolean;
  readonly #receipts = new Map<string, Map<string, Lanes>>();
  readonly #answers = new Map<string, Answer>();
  readonly #retained = new Set<string>();
  readonly #statuses = new Map<string, string>();
  #connection: Connection | null = null;
  #questions = 0;

  constructor(settings: Settings["broker"], run: string, isOurs: (deviceId: string) => boolean) {
    this.#settings = settings;
    this.#run = run;
    this.#isOurs = isOurs;
  }

  /** @throws WorldError when there is no connection. */
  async open(): Promise<void> {
    const { answer } = conformanceTopics(this.#run);
    this.#connection = await Connection.open({
      settings: this.#settings,
      clientId: `porchlight-conformance-${this.#run}`,
      will: { topic: `porchlight-conformance/${this.#run}/over`, text: "" },
      subscriptions: [answer, "porchlight/v1/+/receipt", "porchlight/v1/+/status"],
      message: (topic, text) => this.#take(topic, text, answer),
    });
  }

  /** Leaves nothing retained behind. */
  async close(): Promise<void> {
    for (const topic of this.#retained)
      await this.#connection?.publish({ topic, payload: new Uint8Array(), retain: true });
    await this.#connection?.close();
  }

  /** Another connection, with a will of its own. */
  async connect(clientId: string, will: { topic: string; text: string }): Promise<Connection> {
    this.#retained.add(will.topic);
    return await Connection.open({
      settings: this.#settings,
      clientId,
      will,
      subscriptions: [],
      message: () => undefined,
    });
  }

  async publish(message: TapeMessage): Promise<void> {
    if (message.retain) this.#retained.add(message.topic);
    await this.#connection?.publish(message);
  }

  /** Asks, and waits for the answer: null when none comes in time. */
  async ask(deviceId: string, subscribeAgain: boolean, waitMs: number): Promise<Answer | null> {
    this.#questions += 1;
    const question = `q${this.#questions}`;
    const ask: Ask = { question, deviceId, subscribeAgain };
    const payload = new TextEncoder().encode(JSON.stringify(ask));
    await this.publish({ topic: conformanceTopics(this.#run).ask, payload, retain: false });
    await this.until(() => this.#answers.has(question), waitMs);
    const answer = this.#answers.get(question);
    this.#answers.delete(question);
    if (!answer) return null;
    this.answers = true;
    return answer.deviceId === deviceId ? answer : null;
  }

  /** The status that has last come back from the broker. */
  statusOf(deviceId: string): string | null {
    return this.#statuses.get(deviceId) ?? null;
  }

  isReceipted(deviceId: string, { epoch, lane, sequence }: Numbered): boolean {
    const ranges = this.#receipts.get(deviceId)?.get(epoch)?.[lane] ?? [];
    return ranges.some(([from, to]) => from <= sequence && sequence <= to);
  }

  forgetReceipts(deviceId: string): void {
    this.#receipts.delete(deviceId);
  }

  /** Resolves as soon as it holds, or when the time is over. */
  async until(holds: () => boolean, limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    while (!holds() && performance.now() < deadline) await pause(LOOK_EVERY_MS);
  }

  #take(topic: string, text: string | null, answerTopic: string): void {
    if (topic === answerTopic) return this.#takeAnswer(text ?? "");
    const parsed = parseTopic(topic);
    if (!parsed || !this.#isOurs(parsed.deviceId)) return;
    if (parsed.kind === "status" && text !== null) this.#statuses.set(parsed.deviceId, text);
    if (parsed.kind === "receipt") this.#takeReceipt(parsed.deviceId, text);
  }

  #takeAnswer(text: string): void {
    const answer = readAnswer(text);
    if (typeof answer === "string") this.#trouble(answer);
    else this.#answers.set(answer.question, answer);
  }

  #takeReceipt(deviceId: string, text: string | null): void {
    const receipt = text === null ? "not UTF-8, or too large" : parseReceipt(text);
    if (typeof receipt === "string") return this.#trouble(`a receipt is none: ${receipt}`);
    const epochs = this.#receipts.get(deviceId) ?? new Map<string, Lanes>();
    const lanes = epochs.get(receipt.epoch) ?? { press: [], event: [] };
    for (const lane of ["press", "event"] as const)
      lanes[lane] = [...lanes[lane], ...receipt[lane]].slice(-MOST_RANGES);
    epochs.set(receipt.epoch, lanes);
    this.#receipts.set(deviceId, epochs);
  }

  #trouble(what: string): void {
    if (this.troubles.size < MOST_TROUBLES) this.troubles.add(what);
  }
}
