import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { Chance } from "../world/chance.ts";
import { OneWay } from "./one-way.ts";

/** What the link does. It applies to what is on its way already, and to every connection made from then on. */
export type LinkFault =
  | { kind: "pass" }
  /** Every byte comes later by `latencyMs` and up to `jitterMs` more; the order stays. */
  | { kind: "delay"; latencyMs: number; jitterMs: number }
  /** At most so much in each direction of each connection. */
  | { kind: "rate"; bytesPerSecond: number }
  /** Connections are reset, new ones too. */
  | { kind: "cut" }
  /** The broker has lost the connections that there are, and the clients do not know; new ones pass. */
  | { kind: "half-open" }
  /** Connections stay, and new ones are accepted, but nothing arrives until the fault is over. */
  | { kind: "black-hole" };

interface Link {
  client: Socket;
  broker: Socket;
  ways: OneWay[];
}

/** A TCP link on the loopback interface, in front of any broker, that can be broken. It never alters a byte. */
export class FaultProxy {
  readonly #target: { host: string; port: number };
  readonly #chance: Chance;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  #fault: LinkFault = { kind: "pass" };

  /** `seed` draws the jitter. */
  constructor(target: { host: string; port: number }, seed: number | string = 1) {
    this.#target = target;
    this.#chance = new Chance(seed);
    this.#server = createServer({ allowHalfOpen: true }, (client) => this.#accept(client));
  }

  /** Listens on any free port when it resolves. */
  async start(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy does not listen");
    return address.port;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.port}`;
  }

  /** Connections that the clients still hold. */
  get connections(): number {
    return [...this.#links].filter((link) => !link.client.destroyed).length;
  }

  set(fault: LinkFault): void {
    this.#fault = fault;
    for (const link of this.#links) {
      if (fault.kind === "cut") {
        link.client.resetAndDestroy();
        link.broker.destroy();
      } else if (fault.kind === "half-open") this.#forgetByBroker(link);
      else for (const way of link.ways) way.set(fault);
    }
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { client, broker } of this.#links) {
      client.destroy();
      broker.destroy();
    }
    await closed;
  }

  #accept(client: Socket): void {
    if (this.#fault.kind === "cut") {
      client.resetAndDestroy();
      return;
    }
    const broker = connect({ ...this.#target, allowHalfOpen: true });
    const ways = [
      new OneWay(client, broker, this.#fault, this.#chance),
      new OneWay(broker, client, this.#fault, this.#chance),
    ];
    const link: Link = { client, broker, ways };
    this.#links.add(link);
    const forget = () => {
      if (client.destroyed && broker.destroyed) this.#links.delete(link);
    };
    client.once("close", forget);
    broker.once("close", forget);
  }

  #forgetByBroker(link: Link): void {
    for (const way of link.ways) way.stop();
    link.broker.destroy();
    link.client.resume();
  }
}
