import { describe, expect, it } from "vitest";
import type { TimerFired, Timers } from "../../device/ports/timers.ts";

/** A `Timers` with the clock that it runs on; `pass` lets that much time go by. */
export interface TimersWorld {
  timers: Timers;
  monotonicMs(): number;
  pass(ms: number): Promise<void>;
}

/** What every implementation of `Timers` promises. */
export function timersSuite(name: string, begin: () => TimersWorld): void {
  describe(`timers: ${name}`, () => {
    function started() {
      const world = begin();
      const fired: TimerFired[] = [];
      world.timers.start((input) => fired.push(input));
      return { ...world, fired };
    }

    it("fires once, at or after its time, with its key and generation", async () => {
      const { timers, monotonicMs, pass, fired } = started();
      const atMs = monotonicMs() + 20;
      timers.set("a", 3, atMs);
      await pass(60);
      expect(fired).toMatchObject([{ type: "timer.fired", key: "a", generation: 3 }]);
      expect(fired[0]?.occurredAt).toBeGreaterThanOrEqual(atMs);
      expect(Number.isInteger(fired[0]?.occurredAt)).toBe(true);
      timers.stop();
    });

    it("replaces the timer of the same key, and leaves others alone", async () => {
      const { timers, monotonicMs, pass, fired } = started();
      timers.set("a", 1, monotonicMs() + 10);
      timers.set("b", 1, monotonicMs() + 15);
      timers.set("a", 2, monotonicMs() + 30);
      await pass(80);
      expect(fired.map(({ key, generation }) => `${key}${generation}`)).toEqual(["b1", "a2"]);
      timers.stop();
    });

    it("fires nothing that was cleared, nor anything after stop", async () => {
      const { timers, monotonicMs, pass, fired } = started();
      timers.set("a", 1, monotonicMs() + 10);
      timers.set("b", 1, monotonicMs() + 10);
      timers.clear("a");
      timers.clear("never set");
      timers.stop();
      await pass(40);
      expect(fired).toEqual([]);
    });

    it("fires at once what is due already, but never before `set` returns", async () => {
      const { timers, monotonicMs, pass, fired } = started();
      timers.set("a", 1, monotonicMs() - 5);
      expect(fired).toEqual([]);
      await pass(20);
      expect(fired).toHaveLength(1);
      timers.stop();
    });

    it("can be set anew from within its own turn, and cleared when it is over", async () => {
      const { timers, monotonicMs, pass } = begin();
      const generations: number[] = [];
      timers.start(({ key, generation }) => {
        generations.push(generation);
        if (generation < 3) timers.set(key, generation + 1, monotonicMs());
        else timers.clear(key);
      });
      timers.set("a", 1, monotonicMs());
      await pass(40);
      timers.clear("a");
      expect(generations).toEqual([1, 2, 3]);
      timers.stop();
    });

    it("waits for what is months ahead", async () => {
      const { timers, monotonicMs, pass, fired } = started();
      timers.set("a", 1, monotonicMs() + 100 * 24 * 3_600_000);
      await pass(20);
      expect(fired).toEqual([]);
      timers.stop();
    });

    it("takes turns in order, never before `soon` returns", async () => {
      const { timers, pass } = started();
      const turns: number[] = [];
      timers.soon(() => {
        turns.push(1);
        timers.soon(() => turns.push(3));
      });
      timers.soon(() => turns.push(2));
      expect(turns).toEqual([]);
      await pass(5);
      expect(turns).toEqual([1, 2, 3]);
      timers.stop();
    });
  });
}
