import type { Clock, ClockChanged, ClockReading, TimeTrust } from "../../device/ports/clock.ts";
import type { DeviceTime } from "../world/device-time.ts";

/** What is smaller is slewed, and nobody is told. */
const STEP_MS = 250;

/** A clock without a battery: it begins with what it was given, and a tester gives it the time. */
export class SimulatedClock implements Clock {
  readonly #time: DeviceTime;
  #utcAtZeroMs: number;
  /** As it was last told. */
  #toldUtcAtZeroMs: number;
  #trust: TimeTrust;
  #post: ((input: ClockChanged) => void) | null = null;

  constructor(time: DeviceTime, utcMs: number, trust: TimeTrust) {
    this.#time = time;
    this.#utcAtZeroMs = utcMs - time.monotonicMs();
    this.#toldUtcAtZeroMs = this.#utcAtZeroMs;
    this.#trust = trust;
  }

  monotonicMs(): number {
    return this.#time.monotonicMs();
  }

  read(): ClockReading {
    const monotonicMs = this.#time.monotonicMs();
    return { monotonicMs, utcMs: this.#utcAtZeroMs + monotonicMs, trust: this.#trust };
  }

  start(post: (input: ClockChanged) => void): void {
    this.#post = post;
  }

  stop(): void {
    this.#post = null;
  }

  /** A time server has answered: it is `utcMs` now. */
  sync(utcMs: number): void {
    this.#set(utcMs, "synced");
  }

  /** A time server has answered once more: a difference that is no more than drift is not news. */
  discipline(utcMs: number): void {
    const utcAtZeroMs = utcMs - this.#time.monotonicMs();
    if (Math.abs(utcAtZeroMs - this.#toldUtcAtZeroMs) >= STEP_MS || this.#trust !== "synced")
      this.sync(utcMs);
    else this.#utcAtZeroMs = utcAtZeroMs;
  }

  /** Somebody set the clock by `byMs`; nobody vouches for it. */
  step(byMs: number): void {
    this.#set(this.read().utcMs + byMs, "estimated");
  }

  #set(utcMs: number, trust: TimeTrust): void {
    const occurredAt = this.#time.monotonicMs();
    this.#utcAtZeroMs = utcMs - occurredAt;
    this.#toldUtcAtZeroMs = this.#utcAtZeroMs;
    this.#trust = trust;
    this.#post?.({ type: "clock.changed", occurredAt, utcMs, trust });
  }
}
