import { OutboxDisk } from "../../simulator/hardware/outbox-disk.ts";
import { SimulatedStore } from "../../simulator/hardware/store.ts";
import { PoweredTime } from "../../simulator/world/device-time.ts";
import { World } from "../../simulator/world/world.ts";
import { storeSuite } from "./store.ts";

let worlds = 0;

storeSuite("simulated", 20, async () => {
  worlds += 1;
  const world = new World(worlds);
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
    cutPower: kill,
    corrupt: async () => disk.corrupt(),
    until: async (met) => {
      for (let passed = 0; passed < 10_000 && !met(); passed += 1) {
        world.runUntil(world.nowMs + 1, met);
        // What the adapter has resolved is heard of.
        await Promise.resolve();
      }
      if (!met()) throw new Error("not within ten virtual seconds");
    },
    end: kill,
  };
});
