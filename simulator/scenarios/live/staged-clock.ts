import type { Clock, ClockChanged, ClockReading } from "../../../device/ports/clock.ts";
import type { ClockAtStart, ClockSetting } from "./orders.ts";

/** The machine's clock as a device without a battery would have it: a tester sets it, or a time server does. */
export class StagedClock implements Clock {
  readonly #inner: Clock;
  readonly #changed: (clock: ClockAtStart) => void;
  #state: ClockAtStart;
  #post: ((input: ClockChanged) => void) | null = null;

  /** `changed` is told of every change. */
  constructor(inner: Clock, atStart: ClockAtStart, changed: (clock: ClockAtStart) => void) {
    this.#inner = inner;
    this.#state = atStart;
    this.#changed = changed;
  }

  monotonicMs(): number {
    return this.#inner.monotonicMs();
  }

  read(): ClockReading {
    const { monotonicMs, utcMs } = this.#inner.read();
    return { monotonicMs, utcMs: utcMs + this.#state.offsetMs, trust: this.#state.trust };
  }

  start(post: (input: ClockChanged) => void): void {
    this.#post = post;
    this.#inner.start(() => this.#tell());
  }

  stop(): void {
    this.#post = null;
    this.#inner.stop();
  }

  /** Nobody vouches for what somebody has set; a time server's word is believed, right or wrong. */
  set(to: ClockSetting): void {
    this.#state =
      "stepMs" in to
        ? { offsetMs: this.#state.offsetMs + to.stepMs, trust: "estimated" }
        : { offsetMs: to.errorMs, trust: "synced" };
    this.#changed(this.#state);
    this.#tell();
  }

  #tell(): void {
    const { monotonicMs, utcMs, trust } = this.read();
    this.#post?.({ type: "clock.changed", occurredAt: monotonicMs, utcMs, trust });
  }
}
