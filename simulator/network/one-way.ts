import type { Socket } from "node:net";
import type { Chance } from "../world/chance.ts";
import type { LinkFault } from "./fault-proxy.ts";

/** Bytes on their way after which the sender is held back, as a full socket buffer does. */
const HELD_MAX_BYTES = 262_144;
/** A slow link passes bytes on in pieces of this many milliseconds. */
const SLICE_MS = 20;

/** Null stands for the end: the sender has closed its side. */
interface Held {
  bytes: Buffer | null;
  dueAt: number;
}

/** One direction of a link: holds what it was given until it is due, and passes it on in order. */
export class OneWay {
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #chance: Chance;
  readonly #held: Held[] = [];
  #fault: LinkFault;
  #heldBytes = 0;
  #freeAt = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(from: Socket, to: Socket, fault: LinkFault, chance: Chance) {
    this.#from = from;
    this.#to = to;
    this.#fault = fault;
    this.#chance = chance;
    from.on("data", (bytes) => this.#take(bytes));
    from.once("end", () => this.#take(null));
    // A reset or a lost peer: "close" follows, which is passed on as the end is.
    from.on("error", () => this.#take(null));
    from.once("close", () => this.#take(null));
    to.on("drain", () => this.#pass());
  }

  set(fault: LinkFault): void {
    this.#fault = fault;
    this.#freeAt = 0;
    for (const held of this.#held) held.dueAt = this.#dueAt(held.bytes?.length ?? 0);
    this.#pass();
  }

  /** Nothing is passed on from now on. */
  stop(): void {
    this.#fault = { kind: "black-hole" };
    this.#from.removeAllListeners("data");
    this.#held.length = 0;
    this.#clearTimer();
  }

  #take(bytes: Buffer | null): void {
    for (const piece of this.#slices(bytes)) {
      this.#held.push({ bytes: piece, dueAt: this.#dueAt(piece?.length ?? 0) });
      this.#heldBytes += piece?.length ?? 0;
    }
    if (this.#heldBytes > HELD_MAX_BYTES) this.#from.pause();
    this.#pass();
  }

  #slices(bytes: Buffer | null): (Buffer | null)[] {
    if (bytes === null || this.#fault.kind !== "rate") return [bytes];
    const sliceBytes = Math.max(1, Math.floor((this.#fault.bytesPerSecond * SLICE_MS) / 1000));
    const slices = [];
    for (let at = 0; at < bytes.length; at += sliceBytes) slices.push(bytes.subarray(at, at + sliceBytes));
    return slices;
  }

  /** Monotonic time at which bytes taken now arrive; never before those taken earlier. */
  #dueAt(bytes: number): number {
    const now = performance.now();
    const fault = this.#fault;
    if (fault.kind === "delay") {
      this.#freeAt = Math.max(this.#freeAt, now + fault.latencyMs + this.#chance.int(0, fault.jitterMs));
    } else if (fault.kind === "rate") {
      this.#freeAt = Math.max(this.#freeAt, now) + (bytes * 1000) / fault.bytesPerSecond;
    }
    return this.#freeAt;
  }

  #pass(): void {
    this.#clearTimer();
    if (this.#fault.kind === "black-hole") return;
    const now = performance.now();
    for (let next = this.#held[0]; next && next.dueAt <= now; next = this.#held[0]) {
      if (this.#to.writableNeedDrain) return;
      this.#held.shift();
      this.#heldBytes -= next.bytes?.length ?? 0;
      if (next.bytes === null) this.#close();
      else if (this.#to.writable) this.#to.write(next.bytes);
    }
    if (this.#heldBytes <= HELD_MAX_BYTES) this.#from.resume();
    const next = this.#held[0];
    if (next) this.#timer = setTimeout(() => this.#pass(), Math.max(0, next.dueAt - now));
  }

  /** After an orderly end the other direction may still have something to say; after a loss it has not. */
  #close(): void {
    if (this.#from.destroyed) this.#to.destroySoon();
    else this.#to.end();
  }

  #clearTimer(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
