import type { Scheduled, World } from "./world.ts";

/**
 * All that simulated hardware knows of time. A world gives a virtual one for each power-on; a live run builds
 * one from the real clock and `setTimeout`.
 */
export interface DeviceTime {
  /** Integer milliseconds since this device was powered on; never decreases. */
  monotonicMs(): number;
  /** Runs `run` once in `delayMs`, never before returning. */
  after(delayMs: number, run: () => void): Scheduled;
}

const MILLION = 1_000_000;

/**
 * The time of one power-on in a world. After `cut` nothing that was scheduled on it happens any more. Its quartz may
 * be too quick, by so many millionths, or too slow.
 */
export class PoweredTime implements DeviceTime {
  readonly #world: World;
  readonly #startedMs: number;
  readonly #driftPpm: number;
  #powered = true;

  constructor(world: World, driftPpm = 0) {
    this.#world = world;
    this.#startedMs = world.nowMs;
    this.#driftPpm = driftPpm;
  }

  get powered(): boolean {
    return this.#powered;
  }

  monotonicMs(): number {
    return this.#monotonicAt(this.#world.nowMs);
  }

  after(delayMs: number, run: () => void): Scheduled {
    return this.#world.at(this.worldMs(this.monotonicMs() + delayMs), run, this);
  }

  /** The world's time at which a monotonic time of this power-on is reached. */
  worldMs(monotonicMs: number): number {
    if (this.#driftPpm === 0) return this.#startedMs + monotonicMs;
    let atMs = this.#startedMs + Math.floor((monotonicMs * MILLION) / (MILLION + this.#driftPpm)) - 1;
    while (this.#monotonicAt(atMs) < monotonicMs) atMs += 1;
    return atMs;
  }

  /** Power gone. */
  cut(): void {
    this.#powered = false;
  }

  #monotonicAt(worldMs: number): number {
    const elapsedMs = worldMs - this.#startedMs;
    return this.#driftPpm === 0 ? elapsedMs : Math.floor((elapsedMs * (MILLION + this.#driftPpm)) / MILLION);
  }
}
