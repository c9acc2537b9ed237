import { OutboxDisk } from "../../simulator/hardware/outbox-disk.ts";
import { SimulatedStore } from "../../simulator/hardware/store.ts";
import { PoweredTime } from "../../simulator/world/device-time.ts";
import { World } from "../../simulator/world/world.ts";
import { storeSuite } from "./store.ts";

storeSuite("simulated", async () => {
  const world = new World(1);
  const disk = new OutboxDisk();
  let running: { time: PoweredTime; store: SimulatedStore } | null = null;
  const kill = async () => {
    running?.store.powerCut();
    running?.time.cut();
    running = null;
  };
  return {
    boot: async () => {
      const time = new PoweredTime(world);
      running = { time, store: new SimulatedStore(time, disk, world.chance.fork(`boot at ${world.nowMs}`)) };
      return running.store;
    },
    kill,
    until: async (met) => {
      world.runUntil(world.nowMs + 10_000, met);
      if (!met()) throw new Error("not within ten virtual seconds");
    },
    end: kill,
  };
});
