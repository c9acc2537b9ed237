import type { DeviceTime } from "../world/device-time.ts";
import { MinHeap } from "../world/heap.ts";
import type { Scheduled } from "../world/world.ts";

/** Longest delay that Node's timers take. */
const LONGEST_MS = 2_147_483_647;

/**
 * Real time for the hardware of a whole fleet, on one timer of Node: a thousand doorbells have thousands of alarms,
 * most of which are cancelled, and an alarm here takes a quarter of what a timer does.
 */
export class FleetTime implements DeviceTime {
  readonly #alarms = new MinHeap<Alarm>(
    (a, b) => a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order),
  );
  #order = 0;
  #timer: NodeJS.Timeout | null = null;
  #timerAtMs = Number.POSITIVE_INFINITY;
  #comesAtOnce = false;
  #isStopped = false;

  monotonicMs(): number {
    return Math.floor(performance.now());
  }

  after(delayMs: number, run: () => void): Scheduled {
    const alarm = new Call(this.monotonicMs() + delayMs, run);
    this.set(alarm);
    return alarm;
  }

  /** Rings the alarm once at or after its time, never before returning. */
  set(alarm: Alarm): void {
    alarm.order = this.#order++;
    this.#alarms.push(alarm);
    this.#arm(alarm.atMs);
  }

  /** Nothing rings any more, and nothing keeps the process from ending. */
  stop(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#isStopped = true;
  }

  /** What was set before this turn and is due; what it sets in its turn lets others go first. */
  #ring(): void {
    if (this.#isStopped) return;
    const before = this.#order;
    for (;;) {
      const next = this.#alarms.peek();
      if (!next || next.order >= before || next.atMs > this.monotonicMs()) break;
      this.#alarms.pop();
      next.ring();
    }
    const next = this.#alarms.peek();
    if (next) this.#arm(next.atMs);
  }

  #arm(atMs: number): void {
    const delayMs = atMs - performance.now();
    if (delayMs <= 0) {
      if (this.#comesAtOnce) return;
      this.#comesAtOnce = true;
      setImmediate(() => {
        this.#comesAtOnce = false;
        this.#ring();
      });
      return;
    }
    if (atMs >= this.#timerAtMs || this.#isStopped) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timerAtMs = atMs;
    this.#timer = setTimeout(
      () => {
        this.#timerAtMs = Number.POSITIVE_INFINITY;
        this.#ring();
      },
      Math.min(LONGEST_MS, Math.ceil(delayMs)),
    );
  }
}

/** Something to be done at monotonic `atMs`. */
export abstract class Alarm {
  readonly atMs: number;
  /** Given by the time that it is set on: of those that are due together, the first one set rings first. */
  order = 0;

  constructor(atMs: number) {
    this.atMs = atMs;
  }

  abstract ring(): void;
}

class Call extends Alarm implements Scheduled {
  #run: (() => void) | null;

  constructor(atMs: number, run: () => void) {
    super(atMs);
    this.#run = run;
  }

  ring(): void {
    this.#run?.();
  }

  cancel(): void {
    this.#run = null;
  }
}
