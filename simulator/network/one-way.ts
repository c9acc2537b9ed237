import type { Socket } from "node:net";
import type { Chance } from "../world/chance.ts";

/** Bytes on their way after which the sender is held back, as a full socket buffer does. */
const HELD_MAX_BYTES = 262_144;
/** A slow link passes bytes on in pieces of this many milliseconds. */
const SLICE_MS = 20;

/** What one direction of a link does with what it is given. */
export interface WayCondition {
  /** Nothing arrives while it is. */
  isBlocked: boolean;
  latencyMs: number;
  /** Up to this much more, drawn for each piece. */
  jitterMs: number;
  /** `Infinity` when there is no limit. */
  bytesPerSecond: number;
}

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
  #condition: WayCondition;
  #isStopped = false;
  #heldBytes = 0;
  /** The link is busy until then with what it was given. */
  #freeAt = 0;
  #lastDueAt = 0;
  #timer: NodeJS.Timeout | null = null;

  constructor(from: Socket, to: Socket, condition: WayCondition, chance: Chance) {
    this.#from = from;
    this.#to = to;
    this.#condition = condition;
    this.#chance = chance;
    from.on("data", (bytes) => this.#take(bytes));
    from.once("end", () => this.#take(null));
    // A reset or a lost peer: "close" follows, which is passed on as the end is.
    from.on("error", () => this.#take(null));
    from.once("close", () => this.#take(null));
    to.on("drain", () => this.#pass());
  }

  set(condition: WayCondition): void {
    this.#condition = condition;
    this.#freeAt = 0;
    this.#lastDueAt = 0;
    for (const held of this.#held) held.dueAt = this.#dueAt(held.bytes?.length ?? 0);
    this.#pass();
  }

  /** Nothing is passed on from now on. */
  stop(): void {
    this.#isStopped = true;
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
    const { bytesPerSecond } = this.#condition;
    if (bytes === null || bytesPerSecond === Infinity) return [bytes];
    const sliceBytes = Math.max(1, Math.floor((bytesPerSecond * SLICE_MS) / 1000));
    const slices = [];
    for (let at = 0; at < bytes.length; at += sliceBytes) slices.push(bytes.subarray(at, at + sliceBytes));
    return slices;
  }

  /** Monotonic time at which bytes taken now arrive; never before those taken earlier. */
  #dueAt(bytes: number): number {
    const { latencyMs, jitterMs, bytesPerSecond } = this.#condition;
    this.#freeAt = Math.max(this.#freeAt, performance.now()) + (bytes * 1000) / bytesPerSecond;
    const arrivesAt = this.#freeAt + latencyMs + this.#chance.int(0, jitterMs);
    this.#lastDueAt = Math.max(this.#lastDueAt, arrivesAt);
    return this.#lastDueAt;
  }

  #pass(): void {
    this.#clearTimer();
    if (this.#isStopped || this.#condition.isBlocked) return;
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
