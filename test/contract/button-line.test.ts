import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { LinuxClock } from "../../device/linux/clock.ts";
import { EvdevButton } from "../../device/linux/evdev-button.ts";
import { SimulatedButton } from "../../simulator/hardware/button.ts";
import { PoweredTime } from "../../simulator/world/device-time.ts";
import { World } from "../../simulator/world/world.ts";
import { InputDevice } from "../fixtures/input-device.ts";
import { until } from "../fixtures/until.ts";
import { buttonLineSuite } from "./button-line.ts";

buttonLineSuite("an input device", async () => {
  const device = new InputDevice();
  const clock = new LinuxClock("system");
  return {
    line: new EvdevButton(device.path, clock),
    monotonicMs: () => clock.monotonicMs(),
    push: (down) => device.push(down),
    unplug: () => device.unplug(),
    plug: () => device.plug(),
    until: (met) => until(met, "the edges"),
    end: async () => device.remove(),
  };
});

buttonLineSuite("simulated", async () => {
  const world = new World(1);
  const time = new PoweredTime(world);
  const button = new SimulatedButton(time);
  return {
    line: button,
    monotonicMs: () => time.monotonicMs(),
    push: (down) => (down ? button.stick() : button.free()),
    unplug: () => button.lose("simulated: unplugged"),
    plug: () => button.restore(),
    until: async (met) => {
      world.runUntil(world.nowMs + 1_000, met);
      if (!met()) throw new Error("it did not happen within a second");
    },
    end: async () => {},
  };
});

describe("an input device that was pushed before we began", () => {
  it("says so of no time before our own", async () => {
    const device = new InputDevice();
    device.push(true);
    const beganAt = performance.now();
    const monotonicMs = () => Math.floor(performance.now() - beganAt);
    const read = () => ({ monotonicMs: monotonicMs(), utcMs: Date.now() + 500, trust: "synced" as const });
    const button = new EvdevButton(
      device.path,
      Object.assign(new LinuxClock("system"), { monotonicMs, read }),
    );
    const times: number[] = [];
    button.start((input) => {
      if (input.type === "button.edge") times.push(input.occurredAt);
    });
    await until(() => times.length > 0, "the edge");
    expect(times).toEqual([0]);
    await button.stop();
    device.remove();
  });
});

describe("an input device that is not there", () => {
  it.each([
    ["a name of nothing", "/nonexistent/event0", /nonexistent.*No such file/],
    ["no device", "/dev/null", /^\/dev\/null ended$/],
  ])("is said to be lost, in words, and once however often it is tried: %s", async (_what, path, words) => {
    const button = new EvdevButton(path, new LinuxClock("system"));
    const states: string[] = [];
    button.start((input) => {
      if (input.type === "button.line") states.push(`${input.state}: ${input.reason}`);
    });
    await until(() => states.length > 0, "the loss");
    // It is tried each second.
    await pause(1_300);
    await button.stop();
    expect(states).toEqual([expect.stringMatching(/^lost: /)]);
    expect(states[0]?.slice("lost: ".length)).toMatch(words);
  });
});
