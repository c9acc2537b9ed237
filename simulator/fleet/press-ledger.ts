import { type Percentiles, percentilesOf } from "./percentiles.ts";

/** What became of the presses of a fleet. */
export interface PressTotals {
  /** Buttons that were pushed long enough. */
  pressed: number;
  /** Planned, and not pressed, since a finger was still on the button: this process was late. */
  skipped: number;
  /** Became an event of a doorbell. */
  rang: number;
  arrived: number;
  /** Pressed, and never at the subscriber. */
  lost: number;
  /** Arrived once more: a broker delivers at least once. */
  duplicates: number;
  /** From the closing of the contact to the subscriber, on the connection that stood at the press. */
  latencyMs: Percentiles | null;
  /** Presses that waited for a connection, and how long. */
  waited: { presses: number; latencyMs: Percentiles | null };
}

interface OnItsWay {
  pressedAtMs: number;
  /** What stood when it rang; 0 for none. */
  connection: number;
  connectionNow: () => number;
}

/** Follows every press from the button to the subscriber. Times are those of `performance.now()`. */
export class PressLedger {
  /** By event id; null once it has arrived. */
  readonly #events = new Map<string, OnItsWay | null>();
  readonly #latencies: number[] = [];
  readonly #waits: number[] = [];
  #pressed = 0;
  #skipped = 0;
  #duplicates = 0;

  get pressed(): number {
    return this.#pressed;
  }

  get arrived(): number {
    return this.#latencies.length + this.#waits.length;
  }

  get latencies(): readonly number[] {
    return this.#latencies;
  }

  press(): void {
    this.#pressed += 1;
  }

  skip(): void {
    this.#skipped += 1;
  }

  rang(eventId: string, press: OnItsWay): void {
    this.#events.set(eventId, press);
  }

  /** An event of a press was received; one of a stranger's is none of ours. */
  heard(eventId: string, atMs: number): void {
    const press = this.#events.get(eventId);
    if (press === undefined) return;
    if (press === null) {
      this.#duplicates += 1;
      return;
    }
    this.#events.set(eventId, null);
    const stood = press.connection > 0 && press.connection === press.connectionNow();
    (stood ? this.#latencies : this.#waits).push(atMs - press.pressedAtMs);
  }

  totals(): PressTotals {
    return {
      pressed: this.#pressed,
      skipped: this.#skipped,
      rang: this.#events.size,
      arrived: this.arrived,
      lost: this.#pressed - this.arrived,
      duplicates: this.#duplicates,
      latencyMs: percentilesOf(this.#latencies),
      waited: { presses: this.#waits.length, latencyMs: percentilesOf(this.#waits) },
    };
  }
}
