import { Chance } from "./chance.ts";
import { MinHeap } from "./heap.ts";
import { Trace } from "./trace.ts";

/** Something that will happen. Cancelling it twice, or after it happened, does nothing. */
export interface Scheduled {
  cancel(): void;
}

/** What a happening may depend on. */
export interface Power {
  readonly powered: boolean;
}

/** UTC when every world begins: 2026-01-01. */
export const WORLD_BEGAN_UTC_MS = 1_767_225_600_000;

/** More than this at one instant means that something schedules itself for ever. */
const MOST_AT_ONE_INSTANT = 200_000;

/**
 * A world on a virtual clock: one heap of what happens next, taken in the order of time and, at one instant,
 * in the order in which it was scheduled. Nothing in it depends on the host's clock, on promises or on chance
 * other than `chance`.
 */
export class World {
  readonly seed: number;
  readonly chance: Chance;
  readonly trace: Trace;
  readonly #heap = new MinHeap<Happening>(
    (a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order),
  );
  /** What was scheduled at this instant for this instant: it comes after everything that was scheduled before. */
  #now: Happening[] = [];
  #nextNow = 0;
  #nowMs = 0;
  #order = 0;
  #atThisInstant = 0;

  /** @param shard of a town whose parts are worlds of their own: other chances, from the same seed. */
  constructor(seed: number, sink: ((line: string) => void) | null = null, shard = 0) {
    this.seed = seed;
    const chance = new Chance(seed);
    this.chance = shard === 0 ? chance : chance.fork(`shard/${shard}`);
    this.trace = new Trace(sink);
  }

  /** Integer milliseconds since the world began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /**
   * Runs `run` at `atMs`, or next when that is past; not at all if `power` is gone by then.
   * Throws a RangeError for a time that is not whole.
   */
  at(atMs: number, run: () => void, power: Power | null = null): Scheduled {
    if (!Number.isSafeInteger(atMs)) throw new RangeError(`a time must be whole milliseconds, not ${atMs}`);
    const happening = new Happening(Math.max(atMs, this.#nowMs), this.#order, run, power);
    this.#order += 1;
    if (atMs <= this.#nowMs) this.#now.push(happening);
    else this.#heap.push(happening);
    return happening;
  }

  /** Runs `run` in `delayMs`. */
  after(delayMs: number, run: () => void): Scheduled {
    return this.at(this.#nowMs + delayMs, run);
  }

  /**
   * Lets everything happen that is due up to and including `untilMs`; the clock then stands there.
   * `enough` is asked after each thing and ends the run early when it says so.
   */
  runUntil(untilMs: number, enough: () => boolean = () => false): void {
    for (;;) {
      const next = this.#next(untilMs);
      if (next === null) break;
      if (next.run === null) continue;
      this.#countInstant(next.atMs);
      this.#nowMs = next.atMs;
      if (next.power === null || next.power.powered) next.run();
      if (enough()) return;
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  #next(untilMs: number): Happening | null {
    const first = this.#heap.peek();
    const now = this.#now[this.#nextNow];
    if (now !== undefined && (first === undefined || first.atMs > this.#nowMs)) {
      this.#nextNow += 1;
      if (this.#nextNow === this.#now.length) {
        this.#now = [];
        this.#nextNow = 0;
      }
      return now;
    }
    if (first === undefined || first.atMs > untilMs) return null;
    this.#heap.pop();
    return first;
  }

  #countInstant(atMs: number): void {
    this.#atThisInstant = atMs === this.#nowMs ? this.#atThisInstant + 1 : 0;
    if (this.#atThisInstant > MOST_AT_ONE_INSTANT) {
      throw new Error(
        `the world stands still at ${atMs} ms: something schedules itself for the same instant`,
      );
    }
  }
}

class Happening implements Scheduled {
  readonly atMs: number;
  readonly order: number;
  readonly power: Power | null;
  run: (() => void) | null;

  constructor(atMs: number, order: number, run: () => void, power: Power | null) {
    this.atMs = atMs;
    this.order = order;
    this.run = run;
    this.power = power;
  }

  cancel(): void {
    this.run = null;
  }
}
