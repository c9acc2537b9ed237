import { mostWithin, type Percentiles, percentilesOf } from "./percentiles.ts";

/** One reconnect storm: every connection was cut at one instant. */
export interface StormTotals {
  cut: number;
  /** Connected again before the next storm, or the end. */
  back: number;
  /** From the cut to the subscription; `max` is when all were back. */
  backMs: Percentiles | null;
  /** First tries to come back within any tenth of a second: what the jitter keeps low. */
  mostTriesIn100Ms: number;
}

interface Storm {
  atMs: number;
  away: Set<unknown>;
  cut: number;
  /** First tries. */
  triedMs: Map<unknown, number>;
  backMs: number[];
}

/** Follows who comes back after each cut. Times are those of `performance.now()`. */
export class Storms {
  readonly #storms: Storm[] = [];

  /** These have just lost their connections. */
  begin(atMs: number, doorbells: readonly unknown[]): void {
    this.#storms.push({
      atMs,
      away: new Set(doorbells),
      cut: doorbells.length,
      triedMs: new Map(),
      backMs: [],
    });
  }

  /** Whether it is away because of a storm. */
  tookAway(doorbell: unknown): boolean {
    return this.#storms.at(-1)?.away.has(doorbell) ?? false;
  }

  tried(atMs: number, doorbell: unknown): void {
    const storm = this.#storms.at(-1);
    if (!storm?.away.has(doorbell) || storm.triedMs.has(doorbell)) return;
    storm.triedMs.set(doorbell, atMs - storm.atMs);
  }

  back(atMs: number, doorbell: unknown): void {
    const storm = this.#storms.at(-1);
    if (storm?.away.delete(doorbell)) storm.backMs.push(atMs - storm.atMs);
  }

  /** Of the last one. */
  get away(): number {
    return this.#storms.at(-1)?.away.size ?? 0;
  }

  totals(): StormTotals[] {
    return this.#storms.map(({ cut, triedMs, backMs }) => ({
      cut,
      back: backMs.length,
      backMs: percentilesOf(backMs),
      mostTriesIn100Ms: mostWithin([...triedMs.values()], 100),
    }));
  }
}
