import type { Chance } from "../world/chance.ts";
import type { World } from "../world/world.ts";
import type { Wire } from "./modelled-link.ts";
import { type ModelledMessage, matches, textMessage } from "./modelled-message.ts";
import { Subscriptions } from "./subscriptions.ts";

/** A client's CONNECT, with what it subscribes to. */
export interface ConnectRequest {
  clientId: string;
  will: { topic: string; text: string };
  subscriptions: readonly string[];
}

/** The broker's side of one client: how it answers. Each is carried by the client's wire. */
export interface ClientLine {
  wire: Wire;
  accepted(): void;
  refused(reason: string): void;
  message(message: ModelledMessage): void;
}

/** A subscriber whose session outlives its connections (MQTT 3.1.1 §3.1.2.4, clean session 0). */
export interface SessionClient {
  deliver(message: ModelledMessage): void;
}

/** What a tester wants to know of a broker. */
export interface BrokerWitness {
  /** It took a publish in. */
  arrived(message: ModelledMessage, clientId: string): void;
  /** It has acknowledged this message, and will not deliver it. */
  forgot(message: ModelledMessage): void;
}

/** What a tester is told as it happens. */
export type BrokerEffect =
  | "killed" // it had a client, or one came while it was dead
  | "lost-retained"
  | "refused"
  | "forgot"
  | "slow-ack"
  | "repeated-ack"
  | "repeated-delivery";

interface Client extends ConnectRequest, ClientLine {}

interface Session {
  filter: string;
  client: SessionClient;
  present: boolean;
  queue: ModelledMessage[];
  pumping: boolean;
}

const PACKET_BYTES = 4;

/**
 * A broker by MQTT's rules as far as the contract uses them: QoS 1 acknowledgements in order, retained messages,
 * wills, take-over by client id, one kind of lasting session. And a broker's sins, for a tester to switch on.
 */
export class ModelledBroker {
  readonly #world: World;
  readonly #chance: Chance;
  readonly #witness: BrokerWitness;
  readonly #clients = new Map<string, Client>();
  readonly #listening = new Subscriptions<Client>();
  readonly #retained = new Map<string, ModelledMessage>();
  readonly #sessions: Session[] = [];
  readonly #sessionsListening = new Subscriptions<Session>();
  #life = 1;
  /** Killed so often and not started again. */
  #kills = 0;

  /** CONNECT is answered with "not authorized". */
  refusing = false;
  /** Of 1,000 messages it acknowledges so many and delivers them to nobody. */
  forgetPermille = 0;
  /** Up to this long before each acknowledgement. */
  ackDelayMs = 0;
  /** Of 1,000 acknowledgements so many are sent twice. */
  ackTwicePermille = 0;
  /** Of 1,000 batches for a session so many end with a message that is sent again (MQTT 3.1.1 §4.4). */
  deliverTwicePermille = 0;
  /** At a take-over the old connection's will comes after the new connection's first messages, as in a cluster. */
  oldWillLast = false;
  onEffect: (effect: BrokerEffect) => void = () => undefined;

  constructor(world: World, chance: Chance, witness: BrokerWitness) {
    this.#world = world;
    this.#chance = chance;
    this.#witness = witness;
  }

  get isUp(): boolean {
    return this.#kills === 0;
  }

  retained(topic: string): string | null {
    return this.#retained.get(topic)?.text ?? null;
  }

  /** A subscriber with a session. Messages wait for it while it is away. */
  addSession(
    filter: string,
    client: SessionClient,
  ): { setPresent(present: boolean): void; waiting(): number } {
    const session: Session = { filter, client, present: true, queue: [], pumping: false };
    this.#sessions.push(session);
    this.#sessionsListening.add(filter, session);
    for (const [topic, message] of this.#retained) if (matches(filter, topic)) session.queue.push(message);
    this.#pump(session);
    return {
      setPresent: (present) => {
        session.present = present;
        this.#pump(session);
      },
      waiting: () => session.queue.length,
    };
  }

  /** CONNECT arrived. Answers on the line. */
  connect(client: Client): void {
    if (!this.isUp) {
      this.onEffect("killed");
      client.wire.close("broker");
      return;
    }
    if (this.refusing) {
      this.onEffect("refused");
      client.wire.send("down", PACKET_BYTES, () => client.refused("not authorized"));
      client.wire.close("broker");
      return;
    }
    const old = this.#clients.get(client.clientId);
    if (old) this.#takeOver(old);
    this.#clients.set(client.clientId, client);
    for (const filter of client.subscriptions) this.#listening.add(filter, client);
    client.wire.send("down", PACKET_BYTES, () => client.accepted());
    for (const [topic, message] of this.#retained) {
      if (client.subscriptions.some((filter) => matches(filter, topic))) this.#send(client, message);
    }
  }

  /** PUBLISH at QoS 1 arrived on a client's wire; `acked` runs when the PUBACK reaches the client. */
  publish(client: Client, message: ModelledMessage, acked: () => void): void {
    if (this.#clients.get(client.clientId) !== client) return;
    this.#witness.arrived(message, client.clientId);
    const life = this.#life;
    const forgets = this.#chance.happens(this.forgetPermille);
    if (!forgets) this.#route(message);
    const acknowledge = () => {
      if (life !== this.#life) return;
      if (forgets) {
        this.onEffect("forgot");
        this.#witness.forgot(message);
      }
      const times = this.#chance.happens(this.ackTwicePermille) ? 2 : 1;
      if (times > 1) this.onEffect("repeated-ack");
      for (let time = 0; time < times; time += 1) client.wire.send("down", PACKET_BYTES, acked);
    };
    if (this.ackDelayMs === 0) acknowledge();
    else {
      this.onEffect("slow-ack");
      this.#world.after(this.ackDelayMs, acknowledge);
    }
  }

  /** A message by somebody else. Answers how many clients it goes to at once. */
  publishFromOutside(message: ModelledMessage): number {
    return this.isUp ? this.#route(message) : 0;
  }

  /** Somebody else connects under this client id: whoever has it is cut off (MQTT 3.1.1 §3.1.4). Answers whether anybody was. */
  takeOverFromOutside(clientId: string): boolean {
    const old = this.#clients.get(clientId);
    if (old) this.#takeOver(old);
    return old !== undefined;
  }

  /** Its retained messages are gone, and nobody is told. */
  loseRetained(): void {
    if (this.#retained.size > 0) this.onEffect("lost-retained");
    this.#retained.clear();
  }

  /** DISCONNECT arrived: the will is discarded (MQTT 3.1.1 §3.14.4). */
  disconnected(client: Client): void {
    if (this.#clients.get(client.clientId) !== client) return;
    this.#forget(client);
    client.wire.close("broker");
  }

  /** The wire ended without DISCONNECT: the will is published (MQTT 3.1.1 §3.1.2.5). */
  lost(client: Client): void {
    if (this.#clients.get(client.clientId) !== client) return;
    this.#forget(client);
    this.#publishWill(client);
  }

  /** The process dies. What it had acknowledged and not delivered survives only if sessions do. */
  kill(keeps: { retained: boolean; sessions: boolean }): void {
    this.#kills += 1;
    this.#life += 1;
    if (this.#clients.size > 0) this.onEffect("killed");
    for (const client of [...this.#clients.values()]) {
      this.#forget(client);
      client.wire.close("broker");
    }
    if (!keeps.retained) this.#retained.clear();
    if (keeps.sessions) return;
    for (const session of this.#sessions) {
      for (const message of session.queue) this.#witness.forgot(message);
      session.queue = [];
    }
  }

  restart(): void {
    this.#kills -= 1;
    for (const session of this.#sessions) this.#pump(session);
  }

  #takeOver(old: Client): void {
    this.#forget(old);
    old.wire.close("broker");
    if (!this.oldWillLast) {
      this.#publishWill(old);
      return;
    }
    const life = this.#life;
    this.#world.after(this.#chance.int(1, 3_000), () => {
      if (life === this.#life) this.#publishWill(old);
    });
  }

  #forget(client: Client): void {
    this.#clients.delete(client.clientId);
    for (const filter of client.subscriptions) this.#listening.remove(filter, client);
  }

  #publishWill(client: Client): void {
    this.#route(textMessage(client.will.topic, client.will.text, true));
  }

  #route(message: ModelledMessage): number {
    if (message.retain && message.text !== null) {
      if (message.text === "") this.#retained.delete(message.topic);
      else this.#retained.set(message.topic, message);
    }
    const live = message.retain ? { ...message, retain: false } : message;
    const clients = this.#listening.find(message.topic);
    for (const client of clients) this.#send(client, live);
    for (const session of this.#sessionsListening.find(message.topic)) {
      session.queue.push(live);
      this.#pump(session);
    }
    return clients.length;
  }

  #send(client: Client, message: ModelledMessage): void {
    client.wire.send("down", message.bytes + message.topic.length, () => client.message(message));
  }

  #pump(session: Session): void {
    if (session.pumping || !session.present || !this.isUp || session.queue.length === 0) return;
    session.pumping = true;
    const life = this.#life;
    this.#world.after(this.#chance.int(0, 15), () => {
      session.pumping = false;
      if (life === this.#life && session.present) this.#deliverAll(session);
      this.#pump(session);
    });
  }

  #deliverAll(session: Session): void {
    const queue = session.queue;
    session.queue = [];
    for (const message of queue) session.client.deliver(message);
    const last = queue.at(-1);
    if (!last || !this.#chance.happens(this.deliverTwicePermille)) return;
    this.onEffect("repeated-delivery");
    session.client.deliver(last);
  }
}
