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

/** The time of one power-on in a world. After `cut` nothing that was scheduled on it happens any more. */
export class PoweredTime implements DeviceTime {
  readonly #world: World;
  readonly #startedMs: number;
  #powered = true;

  constructor(world: World) {
    this.#world = world;
    this.#startedMs = world.nowMs;
  }

  get powered(): boolean {
    return this.#powered;
  }

  monotonicMs(): number {
    return this.#world.nowMs - this.#startedMs;
  }

  after(delayMs: number, run: () => void): Scheduled {
    return this.#world.after(delayMs, () => {
      if (this.#powered) run();
    });
  }

  /** The world's time of a monotonic time of this power-on. */
  worldMs(monotonicMs: number): number {
    return this.#startedMs + monotonicMs;
  }

  /** Power gone. */
  cut(): void {
    this.#powered = false;
  }
}
