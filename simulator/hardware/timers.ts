import type { TimerFired, Timers } from "../../device/ports/timers.ts";
import type { DeviceTime } from "../world/device-time.ts";
import type { Scheduled } from "../world/world.ts";

/** Keyed timers on simulated time. */
export class SimulatedTimers implements Timers {
  readonly #time: DeviceTime;
  /** The newest under each key, whether or not it still runs: there are few keys, and each is used again. */
  readonly #set = new Map<string, Scheduled>();
  #post: ((input: TimerFired) => void) | null = null;

  constructor(time: DeviceTime) {
    this.#time = time;
  }

  start(post: (input: TimerFired) => void): void {
    this.#post = post;
  }

  set(key: string, generation: number, atMs: number): void {
    this.clear(key);
    const delayMs = Math.max(0, atMs - this.#time.monotonicMs());
    this.#set.set(
      key,
      this.#time.after(delayMs, () => {
        this.#post?.({ type: "timer.fired", occurredAt: this.#time.monotonicMs(), key, generation });
      }),
    );
  }

  clear(key: string): void {
    this.#set.get(key)?.cancel();
  }

  soon(turn: () => void): void {
    this.#time.after(0, turn);
  }

  stop(): void {
    for (const scheduled of this.#set.values()) scheduled.cancel();
    this.#set.clear();
    this.#post = null;
  }
}
