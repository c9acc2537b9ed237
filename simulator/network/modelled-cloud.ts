import type { ReceiptMessage } from "../../agent/contract/messages.ts";
import { parseTopic, topicsOf } from "../../agent/contract/topics.ts";
import type { Chance } from "../world/chance.ts";
import type { World } from "../world/world.ts";
import type { ModelledBroker, SessionClient } from "./modelled-broker.ts";
import { type ModelledMessage, textMessage } from "./modelled-message.ts";

interface Numbered {
  epoch: string;
  lane: "press" | "event";
  sequence: number;
}

const MOST_RANGES = 64;

/** The consumer: it stores what it gets, and may give receipts for events a little later. */
export class ModelledCloud implements SessionClient {
  readonly #world: World;
  readonly #chance: Chance;
  readonly #broker: ModelledBroker;
  readonly #receiptTopic: string;
  readonly #givesReceipts: boolean;
  readonly #delivered: (message: ModelledMessage) => void;
  readonly #session: { setPresent(present: boolean): void; waiting(): number };
  #owed = new Map<string, { press: Set<number>; event: Set<number> }>();
  #away = 0;

  constructor(
    world: World,
    chance: Chance,
    broker: ModelledBroker,
    deviceId: string,
    givesReceipts: boolean,
    delivered: (message: ModelledMessage) => void,
  ) {
    this.#world = world;
    this.#chance = chance;
    this.#broker = broker;
    this.#delivered = delivered;
    this.#givesReceipts = givesReceipts;
    const topics = topicsOf(deviceId);
    this.#receiptTopic = topics.receipt;
    this.#session = broker.addSession(topics.everything, this);
  }

  deliver(message: ModelledMessage): void {
    this.#delivered(message);
    if (!this.#givesReceipts) return;
    if (message.text === null || parseTopic(message.topic)?.kind !== "event") return;
    const { epoch, lane, sequence } = JSON.parse(message.text) as Numbered;
    if (this.#owed.size === 0) this.#world.after(this.#chance.int(10, 500), () => this.#giveReceipts());
    const owed = this.#owed.get(epoch) ?? { press: new Set(), event: new Set() };
    owed[lane].add(sequence);
    this.#owed.set(epoch, owed);
  }

  /** Goes away; its session at the broker keeps what comes. */
  leave(): void {
    this.#away += 1;
    this.#session.setPresent(false);
  }

  comeBack(): void {
    this.#away -= 1;
    if (this.#away === 0) this.#session.setPresent(true);
  }

  /** Messages that the broker keeps for it. */
  waiting(): number {
    return this.#session.waiting();
  }

  #giveReceipts(): void {
    const owed = this.#owed;
    this.#owed = new Map();
    for (const [epoch, { press, event }] of owed) {
      const receipt: ReceiptMessage = { epoch, press: rangesOf(press), event: rangesOf(event) };
      this.#broker.publishFromOutside(textMessage(this.#receiptTopic, JSON.stringify(receipt), false));
    }
  }
}

/** At most as many ranges as a receipt takes: what is left out is owed again when it comes again. */
function rangesOf(numbers: ReadonlySet<number>): [number, number][] {
  const ranges: [number, number][] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last && last[1] + 1 === number) last[1] = number;
    else ranges.push([number, number]);
  }
  return ranges.slice(0, MOST_RANGES);
}
