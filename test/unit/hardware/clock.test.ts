import { describe, expect, it } from "vitest";
import type { ClockChanged } from "../../../device/ports/clock.ts";
import { SimulatedClock } from "../../../simulator/hardware/clock.ts";
import { PoweredTime } from "../../../simulator/world/device-time.ts";
import { World } from "../../../simulator/world/world.ts";

describe("a simulated clock", () => {
  it("runs from what it was given, is synced and stepped, and tells each change", () => {
    const world = new World(1);
    const clock = new SimulatedClock(new PoweredTime(world), 1_000_000, "estimated");
    const changes: ClockChanged[] = [];
    clock.start((input) => changes.push(input));
    world.runUntil(500);
    expect(clock.read()).toEqual({ monotonicMs: 500, utcMs: 1_000_500, trust: "estimated" });
    clock.sync(9_000_000);
    world.runUntil(600);
    expect(clock.read()).toEqual({ monotonicMs: 600, utcMs: 9_000_100, trust: "synced" });
    clock.step(-100);
    expect(clock.read()).toEqual({ monotonicMs: 600, utcMs: 9_000_000, trust: "estimated" });
    expect(changes).toEqual([
      { type: "clock.changed", occurredAt: 500, utcMs: 9_000_000, trust: "synced" },
      { type: "clock.changed", occurredAt: 600, utcMs: 9_000_000, trust: "estimated" },
    ]);
  });
});
