import type { Clock, ClockChanged, ClockReading } from "../../../device/ports/clock.ts";
import type { ClockAtStart } from "./orders.ts";

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

  /** Somebody set it by so much; nobody vouches for it. */
  step(byMs: number): void {
    this.#set({ offsetMs: this.#state.offsetMs + byMs, trust: "estimated" });
  }

  /** A time server has answered. */
  sync(): void {
    this.#set({ offsetMs: 0, trust: "synced" });
  }

  #set(state: ClockAtStart): void {
    this.#state = state;
    this.#changed(state);
    this.#tell();
  }

  #tell(): void {
    const { monotonicMs, utcMs, trust } = this.read();
    this.#post?.({ type: "clock.changed", occurredAt: monotonicMs, utcMs, trust });
  }
}
