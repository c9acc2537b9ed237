import type { TimerFired, Timers } from "../../device/ports/timers.ts";
import { Alarm, type FleetTime } from "./fleet-time.ts";

/** The keyed timers of one doorbell on the time of its fleet. A handful run at once: a list is smaller than a map. */
export class FleetTimers implements Timers {
  readonly #time: FleetTime;
  #running: readonly Timer[] = [];
  #post: ((input: TimerFired) => void) | null = null;

  constructor(time: FleetTime) {
    this.#time = time;
  }

  start(post: (input: TimerFired) => void): void {
    this.#post = post;
  }

  set(key: string, generation: number, atMs: number): void {
    this.clear(key);
    const timer = new Timer(this, key, generation, atMs);
    this.#running = this.#running.concat(timer);
    this.#time.set(timer);
  }

  clear(key: string): void {
    const timer = this.#running.find((running) => running.key === key);
    if (timer) this.#remove(timer);
  }

  soon(turn: () => void): void {
    this.#time.after(0, turn);
  }

  stop(): void {
    for (const timer of this.#running) this.#remove(timer);
    this.#post = null;
  }

  /** For a timer whose time has come. */
  fired(timer: Timer): void {
    const { key, generation } = timer;
    this.#remove(timer);
    this.#post?.({ type: "timer.fired", occurredAt: this.#time.monotonicMs(), key, generation });
  }

  #remove(timer: Timer): void {
    timer.owner = null;
    this.#running = this.#running.filter((running) => running !== timer);
  }
}

class Timer extends Alarm {
  /** Null once it is cleared, or has fired. */
  owner: FleetTimers | null;
  readonly key: string;
  readonly generation: number;

  constructor(owner: FleetTimers, key: string, generation: number, atMs: number) {
    super(atMs);
    this.owner = owner;
    this.key = key;
    this.generation = generation;
  }

  ring(): void {
    this.owner?.fired(this);
  }
}
