import type { Chance } from "../world/chance.ts";
import type { World } from "../world/world.ts";

/** From the device to the broker, or back. */
export type Direction = "up" | "down";

export interface LinkQuality {
  latencyMs: number;
  /** Up to this much more, drawn for each packet. */
  jitterMs: number;
  bytesPerSecond: number;
}

/** What a tester is told as it happens: a wire was cut or could not be made, a packet waits, a packet is not carried as usual. */
export type LinkEffect = "cut" | "blocked-up" | "blocked-down" | "unusual";

/** What one end of a wire is told. */
export interface WireEnd {
  /** The other end, or the network between, has closed it. Called once. */
  closed(): void;
}

/**
 * The network between a device and its broker. It carries wires (TCP connections): what is sent on one arrives
 * whole and in order, or not at all. What is sent into a black hole waits, as TCP sends it again, and arrives
 * when the hole is gone, unless an end gave up before.
 */
export class ModelledLink {
  readonly #world: World;
  readonly #chance: Chance;
  readonly #wires = new Set<Wire>();
  readonly #blocks: Record<Direction, number> = { up: 0, down: 0 };
  readonly #usual: LinkQuality;
  #cuts = 0;
  quality: LinkQuality;
  onEffect: (effect: LinkEffect) => void = () => undefined;

  constructor(world: World, chance: Chance, quality: LinkQuality) {
    this.#world = world;
    this.#chance = chance;
    this.quality = quality;
    this.#usual = quality;
  }

  /** There is a network at all. */
  get isUp(): boolean {
    return this.#cuts === 0;
  }

  get isUnusual(): boolean {
    return this.quality !== this.#usual;
  }

  isBlocked(direction: Direction): boolean {
    return this.#blocks[direction] > 0;
  }

  /** A new wire, or null while there is no network. `keepAliveMs` is how long either end bears silence. */
  open(ends: { device: WireEnd; broker: WireEnd }, keepAliveMs: number): Wire | null {
    if (!this.isUp) {
      this.onEffect("cut");
      return null;
    }
    const wire = new Wire(this.#world, this.#chance, this, ends, keepAliveMs);
    this.#wires.add(wire);
    wire.onGone = () => this.#wires.delete(wire);
    return wire;
  }

  /** The network is gone: the device's end of every wire closes at once, the broker's when silence is too long for it. */
  cut(): void {
    this.#cuts += 1;
    if (this.#wires.size > 0) this.onEffect("cut");
    for (const wire of [...this.#wires]) wire.lose();
  }

  mend(): void {
    this.#cuts -= 1;
  }

  /** Packets in this direction vanish without a word: both directions make a black hole, one a half-open wire. */
  block(direction: Direction): void {
    this.#blocks[direction] += 1;
    if (this.#blocks[direction] > 1) return;
    for (const wire of [...this.#wires]) wire.blocked(direction);
  }

  unblock(direction: Direction): void {
    this.#blocks[direction] -= 1;
    if (this.#blocks[direction] > 0) return;
    for (const wire of [...this.#wires]) wire.unblocked(direction);
  }
}

interface Packet {
  number: number;
  bytes: number;
  arrive: () => void;
}

interface Lane {
  waiting: Packet[];
  sent: number;
  /** Handed over to the other end; what came before its turn waits for the ones before it. */
  handedOver: number;
  early: Map<number, Packet>;
  freeAtMs: number;
  lastAtMs: number;
  blockedSinceMs: number | null;
}

/** One TCP connection. */
export class Wire {
  readonly #world: World;
  readonly #chance: Chance;
  readonly #link: ModelledLink;
  readonly #ends: { device: WireEnd; broker: WireEnd };
  readonly #keepAliveMs: number;
  readonly #lanes: Record<Direction, Lane>;
  readonly #open = { device: true, broker: true };
  onGone: () => void = () => undefined;

  constructor(
    world: World,
    chance: Chance,
    link: ModelledLink,
    ends: { device: WireEnd; broker: WireEnd },
    keepAliveMs: number,
  ) {
    this.#world = world;
    this.#chance = chance;
    this.#link = link;
    this.#ends = ends;
    this.#keepAliveMs = keepAliveMs;
    this.#lanes = { up: newLane(), down: newLane() };
    for (const direction of ["up", "down"] as const) {
      if (link.isBlocked(direction)) this.blocked(direction);
    }
  }

  /** Sends a packet; `arrive` runs at the other end, in the order of the calls, if that end is still open then. */
  send(direction: Direction, bytes: number, arrive: () => void): void {
    if (!this.#open[direction === "up" ? "device" : "broker"]) return;
    const lane = this.#lanes[direction];
    lane.sent += 1;
    const packet = { number: lane.sent, bytes, arrive };
    if (lane.blockedSinceMs !== null) this.#wait(direction, packet);
    else this.#carry(direction, packet);
  }

  /** One end closes: the other is told when the news reaches it. */
  close(end: "device" | "broker"): void {
    if (!this.#open[end]) return;
    const [direction, other] = end === "device" ? (["up", "broker"] as const) : (["down", "device"] as const);
    this.send(direction, 1, () => this.#closed(other));
    this.#open[end] = false;
    this.#gone();
  }

  /** The network is gone. The device knows at once; the broker finds out by silence. */
  lose(): void {
    for (const lane of Object.values(this.#lanes)) lane.waiting = [];
    this.#lanes.up.blockedSinceMs ??= this.#world.nowMs;
    this.#lanes.down.blockedSinceMs ??= this.#world.nowMs;
    this.#world.after(this.#chance.int(0, 20), () => this.#closed("device"));
    this.#world.after(this.#keepAliveMs, () => this.#closed("broker"));
  }

  /** The device lost its power: nobody is told. */
  abandonByDevice(): void {
    this.#open.device = false;
    this.#lanes.up.waiting = [];
    this.#world.after(this.#keepAliveMs, () => this.#closed("broker"));
    this.#gone();
  }

  blocked(direction: Direction): void {
    const sinceMs = this.#world.nowMs;
    this.#lanes[direction].blockedSinceMs ??= sinceMs;
    const end = direction === "up" ? "broker" : "device";
    this.#world.after(this.#keepAliveMs, () => {
      if (this.#lanes[direction].blockedSinceMs !== sinceMs) return;
      if (!this.#open[end]) return;
      // Too long a silence: this end gives up, and its word of it goes the other way.
      this.close(end);
      this.#ends[end].closed();
    });
  }

  unblocked(direction: Direction): void {
    const lane = this.#lanes[direction];
    lane.blockedSinceMs = null;
    const { waiting } = lane;
    lane.waiting = [];
    for (const packet of waiting) this.#carry(direction, packet);
  }

  #wait(direction: Direction, packet: Packet): void {
    this.#lanes[direction].waiting.push(packet);
    if (this.#link.isBlocked(direction)) this.#link.onEffect(`blocked-${direction}`);
  }

  #carry(direction: Direction, packet: Packet): void {
    if (this.#link.isUnusual) this.#link.onEffect("unusual");
    const { latencyMs, jitterMs, bytesPerSecond } = this.#link.quality;
    const lane = this.#lanes[direction];
    const now = this.#world.nowMs;
    lane.freeAtMs = Math.max(lane.freeAtMs, now) + Math.ceil((packet.bytes * 1_000) / bytesPerSecond);
    const atMs = Math.max(lane.lastAtMs, lane.freeAtMs + latencyMs + this.#chance.int(0, jitterMs));
    lane.lastAtMs = atMs;
    this.#world.at(atMs, () => {
      // It was still on its way when the hole opened: it waits like the rest.
      if (lane.blockedSinceMs !== null) this.#wait(direction, packet);
      else this.#arrived(direction, packet);
    });
  }

  #arrived(direction: Direction, packet: Packet): void {
    const lane = this.#lanes[direction];
    if (packet.number === lane.handedOver + 1) this.#handOver(direction, lane, packet);
    else lane.early.set(packet.number, packet);
    while (lane.early.size > 0) {
      const next = lane.early.get(lane.handedOver + 1);
      if (!next) return;
      lane.early.delete(next.number);
      this.#handOver(direction, lane, next);
    }
  }

  #handOver(direction: Direction, lane: Lane, packet: Packet): void {
    lane.handedOver = packet.number;
    if (this.#open[direction === "up" ? "broker" : "device"]) packet.arrive();
  }

  #closed(end: "device" | "broker"): void {
    if (!this.#open[end]) return;
    this.#open[end] = false;
    this.#gone();
    this.#ends[end].closed();
  }

  #gone(): void {
    if (!this.#open.device && !this.#open.broker) this.onGone();
  }
}

function newLane(): Lane {
  return {
    waiting: [],
    sent: 0,
    handedOver: 0,
    early: new Map(),
    freeAtMs: 0,
    lastAtMs: 0,
    blockedSinceMs: null,
  };
}
