import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { Chance } from "../world/chance.ts";
import { OneWay, type WayCondition } from "./one-way.ts";

/** What the link does. It applies to what is on its way already, and to every connection made from then on. */
export type LinkFault =
  | { kind: "pass" }
  /**
   * Every byte comes later by `latencyMs` and up to `jitterMs` more, at most `bytesPerSecond` in each direction of
   * each connection; the order stays. What is left out is as it was.
   */
  | { kind: "slow"; latencyMs?: number; jitterMs?: number; bytesPerSecond?: number }
  /** Connections are reset, new ones too. */
  | { kind: "cut" }
  /** Cut for `downMs`, whole for `upMs`, and so on. */
  | { kind: "flapping"; downMs: number; upMs: number }
  /** The broker has lost the connections that there are, and the clients do not know; new ones pass. */
  | { kind: "half-open" }
  /** The clients have lost theirs, and the broker does not know, as when the power goes; new ones pass. */
  | { kind: "abandoned" }
  /**
   * Connections stay, and new ones are accepted, but nothing arrives until the fault is over. `way`: only what goes
   * up to the broker, or down from it, vanishes; both unless told.
   */
  | { kind: "black-hole"; way?: "up" | "down" };

interface Link {
  client: Socket;
  broker: Socket;
  up: OneWay;
  down: OneWay;
}

/** A TCP link on the loopback interface, in front of any broker, that can be broken. It never alters a byte. */
export class FaultProxy {
  readonly #target: { host: string; port: number };
  readonly #chance: Chance;
  readonly #server: Server;
  readonly #links = new Set<Link>();
  /** Ends at the broker whose clients are gone. */
  readonly #abandoned = new Set<Socket>();
  /** Of each fault that is going on, how it ends. */
  readonly #faults = new Map<LinkFault, () => void>();

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

  /** This fault alone, instead of whatever is going on. */
  set(fault: LinkFault): void {
    const before = [...this.#faults.values()];
    // First, so that a cut after a black hole lets nothing out of it.
    this.begin(fault);
    for (const end of before) end();
  }

  /** This fault besides those that are going on, until what this answers is called. Delays add up. */
  begin(fault: LinkFault): () => void {
    if (fault.kind === "half-open" || fault.kind === "abandoned") {
      for (const link of [...this.#links]) {
        if (fault.kind === "half-open") loseAt(link, "broker");
        else this.#abandon(link);
      }
      return () => undefined;
    }
    const own = { ...fault };
    const timer = own.kind === "flapping" ? this.#flap(own) : null;
    const end = () => {
      timer?.stop();
      if (this.#faults.delete(own)) this.#apply();
    };
    this.#faults.set(own, end);
    this.#apply();
    return end;
  }

  async stop(): Promise<void> {
    this.#endAll();
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const { client, broker } of this.#links) {
      client.destroy();
      broker.destroy();
    }
    for (const broker of this.#abandoned) broker.destroy();
    await closed;
  }

  #endAll(): void {
    for (const end of [...this.#faults.values()]) end();
  }

  #flap({ downMs, upMs }: { downMs: number; upMs: number }): { stop(): void } {
    let mend = this.begin({ kind: "cut" });
    let isCut = true;
    let timer: NodeJS.Timeout;
    const turn = () => {
      if (isCut) mend();
      else mend = this.begin({ kind: "cut" });
      isCut = !isCut;
      timer = setTimeout(turn, isCut ? downMs : upMs);
    };
    timer = setTimeout(turn, downMs);
    return {
      stop: () => {
        clearTimeout(timer);
        mend();
      },
    };
  }

  /** No later fault reaches it. */
  #abandon(link: Link): void {
    this.#links.delete(link);
    loseAt(link, "client");
    this.#abandoned.add(link.broker);
    link.broker.once("end", () => link.broker.destroy());
    link.broker.once("close", () => this.#abandoned.delete(link.broker));
  }

  get #isCut(): boolean {
    return [...this.#faults.keys()].some((fault) => fault.kind === "cut");
  }

  #apply(): void {
    const [up, down] = [this.#condition("up"), this.#condition("down")];
    const isCut = this.#isCut;
    for (const link of this.#links) {
      if (isCut) {
        link.client.resetAndDestroy();
        link.broker.destroy();
      } else {
        link.up.set(up);
        link.down.set(down);
      }
    }
  }

  /** What all faults together make of one direction. */
  #condition(way: "up" | "down"): WayCondition {
    const sum: WayCondition = { isBlocked: false, latencyMs: 0, jitterMs: 0, bytesPerSecond: Infinity };
    for (const fault of this.#faults.keys()) {
      if (fault.kind === "black-hole" && (fault.way ?? way) === way) sum.isBlocked = true;
      if (fault.kind !== "slow") continue;
      sum.latencyMs += fault.latencyMs ?? 0;
      sum.jitterMs += fault.jitterMs ?? 0;
      sum.bytesPerSecond = Math.min(sum.bytesPerSecond, fault.bytesPerSecond ?? Infinity);
    }
    return sum;
  }

  #accept(client: Socket): void {
    if (this.#isCut) {
      client.resetAndDestroy();
      return;
    }
    const broker = connect({ ...this.#target, allowHalfOpen: true });
    const link: Link = {
      client,
      broker,
      up: new OneWay(client, broker, this.#condition("up"), this.#chance),
      down: new OneWay(broker, client, this.#condition("down"), this.#chance),
    };
    this.#links.add(link);
    const forget = () => {
      if (client.destroyed && broker.destroyed) this.#links.delete(link);
    };
    client.once("close", forget);
    broker.once("close", forget);
  }
}

/** One end is gone; what the other one says from now on nobody hears. */
function loseAt(link: Link, end: "client" | "broker"): void {
  link.up.stop();
  link.down.stop();
  const other = end === "client" ? "broker" : "client";
  // Where the client's process still runs, it sees a reset.
  if (end === "client") link.client.resetAndDestroy();
  else link.broker.destroy();
  link[other].resume();
}
