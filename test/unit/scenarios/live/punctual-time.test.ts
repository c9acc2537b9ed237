import { expect, test } from "vitest";
import { SimulatedButton } from "../../../../simulator/hardware/button.ts";
import { punctual } from "../../../../simulator/scenarios/live/punctual-time.ts";
import type { DeviceTime } from "../../../../simulator/world/device-time.ts";
import { World } from "../../../../simulator/world/world.ts";

/** A machine on which whatever was planned comes 7 ms late. */
function busyTime(): { world: World; time: DeviceTime } {
  const world = new World(1);
  const time: DeviceTime = {
    monotonicMs: () => world.nowMs,
    after: (delayMs, run) => world.after(delayMs + 7, run),
  };
  return { world, time };
}

test("a finger's edges are as far apart as they were meant to be, also where they chatter", () => {
  const { world, time } = busyTime();
  const button = new SimulatedButton(punctual(time));
  const edges: number[] = [];
  button.start((input) => edges.push(input.occurredAt));
  world.runUntil(100);
  button.press(250);
  world.runUntil(1_000);
  button.bounce(100, 3);
  world.runUntil(2_000);
  expect(edges).toEqual([100, 350, 1_000, 1_001, 1_002, 1_103, 1_104, 1_105]);
});

test("what happens within a callback happens at one instant, however often the clock is read", () => {
  let nowMs = 0;
  const waiting: (() => void)[] = [];
  const time = punctual({
    monotonicMs: () => nowMs++,
    after: (_delayMs, run) => {
      waiting.push(run);
      return { cancel: () => undefined };
    },
  });
  const button = new SimulatedButton(time);
  const edges: number[] = [];
  button.start((input) => edges.push(input.occurredAt));
  time.after(0, () => button.press(250));
  for (let run = waiting.shift(); run; run = waiting.shift()) run();
  expect((edges[1] ?? 0) - (edges[0] ?? 0)).toBe(250);
});

test("in between it is what the clock says", () => {
  const { world, time } = busyTime();
  const real = punctual(time);
  const seen: number[] = [];
  real.after(10, () => {
    seen.push(real.monotonicMs());
    real.after(5, () => seen.push(real.monotonicMs()));
  });
  world.runUntil(40);
  expect(seen).toEqual([10, 15]);
  expect(real.monotonicMs()).toBe(40);
});
