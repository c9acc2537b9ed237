import { describe, expect, it } from "vitest";
import { PoweredTime } from "../../../simulator/world/device-time.ts";
import { World } from "../../../simulator/world/world.ts";

describe("a world", () => {
  it("takes what happens by time, and at one instant in the order in which it was planned", () => {
    const world = new World(1);
    const seen: string[] = [];
    const note = (what: string) => () => seen.push(`${what}@${world.nowMs}`);
    world.at(20, note("c"));
    world.at(10, () => {
      note("a")();
      world.after(0, note("b"));
      world.at(3, note("past"));
    });
    world.at(20, note("d"));
    world.runUntil(20);
    expect(seen).toEqual(["a@10", "b@10", "past@10", "c@20", "d@20"]);
  });

  it("stops at the time asked for, or as soon as it is enough", () => {
    const world = new World(1);
    let seen = 0;
    for (const atMs of [5, 10, 15]) world.at(atMs, () => seen++);
    world.runUntil(12, () => seen === 1);
    expect([world.nowMs, seen]).toEqual([5, 1]);
    world.runUntil(12);
    expect([world.nowMs, seen]).toEqual([12, 2]);
  });

  it("does nothing that was cancelled", () => {
    const world = new World(1);
    let seen = 0;
    const planned = world.after(5, () => seen++);
    planned.cancel();
    planned.cancel();
    world.runUntil(10);
    expect(seen).toBe(0);
  });

  it("refuses times that are not whole, and an instant that never ends", () => {
    const world = new World(1);
    expect(() => world.at(0.5, () => undefined)).toThrow(RangeError);
    expect(() => world.after(Number.NaN, () => undefined)).toThrow(RangeError);
    const again = () => world.after(0, again);
    world.after(1, again);
    expect(() => world.runUntil(10)).toThrow(/stands still at 1 ms/);
  });

  it("has a fingerprint of every line of its trace", () => {
    const traced = (facts: unknown[]) => {
      const world = new World(1);
      for (const fact of facts) world.trace.add(world.nowMs, "fact", fact);
      return world.trace.fingerprint();
    };
    expect(traced([1, 2])).toBe(traced([1, 2]));
    expect(traced([1, 2])).not.toBe(traced([2, 1]));
    expect(traced([1])).toMatch(/^[0-9a-f]{64}$/);
    // It can be asked for on the way, and goes on.
    const world = new World(1);
    world.trace.add(0, "fact", 1);
    world.trace.fingerprint();
    world.trace.add(0, "fact", 2);
    expect(world.trace.fingerprint()).toBe(traced([1, 2]));
  });
});

describe("the time of a power-on", () => {
  it("begins at 0, and ends with the power", () => {
    const world = new World(1);
    world.runUntil(100);
    const time = new PoweredTime(world);
    const seen: number[] = [];
    for (const delayMs of [10, 20]) time.after(delayMs, () => seen.push(time.monotonicMs()));
    world.after(15, () => time.cut());
    world.runUntil(200);
    expect(seen).toEqual([10]);
    expect([time.powered, time.monotonicMs(), time.worldMs(10)]).toEqual([false, 100, 110]);
  });

  it("may have a quartz that is not exact: nothing fires before its time has come there", () => {
    for (const driftPpm of [-150, 150]) {
      const world = new World(1);
      const time = new PoweredTime(world, driftPpm);
      const fired: [number, number][] = [];
      for (const delayMs of [1, 40, 1_000, 3_600_000])
        time.after(delayMs, () => fired.push([delayMs, time.monotonicMs()]));
      world.runUntil(4_000_000);
      expect(fired.map(([, atMs]) => atMs)).toEqual(fired.map(([delayMs]) => delayMs));
      expect(time.worldMs(3_600_000) - 3_600_000).toBe(driftPpm > 0 ? -539 : 541);
    }
  });
});
