import type { Clock } from "../ports/clock.ts";
import type { TimerFired, Timers } from "../ports/timers.ts";

/** Longest delay that Node's timers take; a longer one is set again. */
const LONGEST_MS = 2_147_483_647;

/** Keyed timers on the event loop. */
export class LinuxTimers implements Timers {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #running = new Map<string, NodeJS.Timeout>();
  #post: ((input: TimerFired) => void) | null = null;

  constructor(clock: Pick<Clock, "monotonicMs">) {
    this.#clock = clock;
  }

  start(post: (input: TimerFired) => void): void {
    this.#post = post;
  }

  set(key: string, generation: number, atMs: number): void {
    this.clear(key);
    const delayMs = Math.min(LONGEST_MS, Math.max(0, atMs - this.#clock.monotonicMs()));
    this.#running.set(
      key,
      setTimeout(() => {
        const occurredAt = this.#clock.monotonicMs();
        // Node may fire up to a millisecond early: the core is promised "at or after".
        if (occurredAt < atMs) return this.set(key, generation, atMs);
        this.#running.delete(key);
        this.#post?.({ type: "timer.fired", occurredAt, key, generation });
      }, delayMs),
    );
  }

  clear(key: string): void {
    clearTimeout(this.#running.get(key));
    this.#running.delete(key);
  }

  soon(turn: () => void): void {
    queueMicrotask(turn);
  }

  stop(): void {
    for (const key of [...this.#running.keys()]) this.clear(key);
    this.#post = null;
  }
}
