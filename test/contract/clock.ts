import { describe, expect, it, onTestFinished } from "vitest";
import type { Clock, ClockChanged } from "../../device/ports/clock.ts";

/** A clock whose UTC is not trusted yet, and who moves it. */
export interface ClockWorld {
  clock: Clock;
  pass(ms: number): void;
  /** A time server answers: it is `utcMs` now. */
  sync(utcMs: number): void;
  /** Somebody sets UTC on or back by `byMs`. */
  step(byMs: number): void;
  end(): void;
}

/** A change is told within this time. */
const TOLD_WITHIN_MS = 2_000;
const TRUE_UTC_MS = 1_800_000_000_000;

/** What every implementation of `Clock` promises. */
export function clockSuite(name: string, make: () => ClockWorld): void {
  describe(`clock: ${name}`, () => {
    function begin() {
      const world = make();
      onTestFinished(() => {
        world.clock.stop();
        world.end();
      });
      const changes: ClockChanged[] = [];
      world.clock.start((input) => changes.push(input));
      return { ...world, changes };
    }

    it("gives whole milliseconds that never go back, whatever happens to UTC", () => {
      const { clock, pass, sync, step } = begin();
      const moments: number[] = [];
      const look = () => {
        const { monotonicMs, utcMs } = clock.read();
        expect([monotonicMs, utcMs].every(Number.isSafeInteger)).toBe(true);
        moments.push(clock.monotonicMs(), monotonicMs, clock.monotonicMs());
      };
      for (const turn of [() => sync(TRUE_UTC_MS), () => step(-3_600_000), () => step(86_400_000)]) {
        look();
        pass(700);
        turn();
        look();
      }
      pass(300);
      look();
      expect(moments).toEqual(moments.toSorted((one, other) => one - other));
      expect((moments.at(-1) ?? 0) - (moments[0] ?? 0)).toBeGreaterThanOrEqual(2_390);
      expect((moments.at(-1) ?? 0) - (moments[0] ?? 0)).toBeLessThanOrEqual(2_410);
    });

    it("reads both clocks at once: they run side by side", () => {
      const { clock, pass, changes } = begin();
      const before = clock.read();
      pass(10_000);
      const after = clock.read();
      const [utcMs, monotonicMs] = [after.utcMs - before.utcMs, after.monotonicMs - before.monotonicMs];
      expect(Math.abs(monotonicMs - 10_000)).toBeLessThanOrEqual(1);
      expect(Math.abs(utcMs - monotonicMs)).toBeLessThanOrEqual(1);
      expect(changes).toEqual([]);
    });

    it("is trusted once a time server has answered, and tells it with the time that it is now", () => {
      const { clock, pass, sync, changes } = begin();
      pass(5_000);
      expect(clock.read().trust).toBe("estimated");
      sync(TRUE_UTC_MS);
      const at = clock.monotonicMs();
      expect(clock.read()).toMatchObject({ utcMs: TRUE_UTC_MS, trust: "synced" });
      pass(TOLD_WITHIN_MS);
      expect(changes).toMatchObject([{ type: "clock.changed", trust: "synced" }]);
      const [{ occurredAt, utcMs } = { occurredAt: 0, utcMs: 0 }] = changes;
      expect(occurredAt).toBeGreaterThanOrEqual(at);
      expect(Math.abs(utcMs - TRUE_UTC_MS - (occurredAt - at))).toBeLessThanOrEqual(1);
    });

    it.each([3_600_000, -1_000])("tells that UTC was set by %i ms, once", (byMs) => {
      const { clock, pass, sync, step, changes } = begin();
      sync(TRUE_UTC_MS);
      pass(TOLD_WITHIN_MS);
      const told = changes.length;
      step(byMs);
      const { utcMs, monotonicMs } = clock.read();
      pass(3 * TOLD_WITHIN_MS);
      expect(changes).toHaveLength(told + 1);
      const change = changes.at(-1);
      expect(
        Math.abs((change?.utcMs ?? 0) - (change?.occurredAt ?? 0) - (utcMs - monotonicMs)),
      ).toBeLessThanOrEqual(1);
    });

    it("tells nothing after stop, which may be repeated", () => {
      const { clock, pass, step, sync, changes } = begin();
      clock.stop();
      clock.stop();
      sync(TRUE_UTC_MS);
      step(3_600_000);
      pass(TOLD_WITHIN_MS);
      expect(changes).toEqual([]);
    });
  });
}
