import { setTimeout as sleep } from "node:timers/promises";
import { LinuxClock } from "../../device/linux/clock.ts";
import { LinuxTimers } from "../../device/linux/timers.ts";
import { SimulatedTimers } from "../../simulator/hardware/timers.ts";
import { PoweredTime } from "../../simulator/world/device-time.ts";
import { World } from "../../simulator/world/world.ts";
import { timersSuite } from "./timers.ts";

timersSuite("the event loop's", () => {
  const clock = new LinuxClock("system");
  return { timers: new LinuxTimers(clock), monotonicMs: () => clock.monotonicMs(), pass: (ms) => sleep(ms) };
});

timersSuite("simulated", () => {
  const world = new World(1);
  const time = new PoweredTime(world);
  return {
    timers: new SimulatedTimers(time),
    monotonicMs: () => time.monotonicMs(),
    pass: async (ms) => world.runUntil(world.nowMs + ms),
  };
});
