import { contentHashes } from "../../simulator/hardware/clip-file.ts";
import { SimulatedFragmentStore } from "../../simulator/hardware/fragment-store.ts";
import { SpoolDisk } from "../../simulator/hardware/spool-disk.ts";
import { PoweredTime } from "../../simulator/world/device-time.ts";
import { World } from "../../simulator/world/world.ts";
import { fragmentPartsSuite } from "./fragment-parts.ts";
import { fragmentStoreSuite } from "./fragment-store.ts";
import { fragmentWishesSuite } from "./fragment-wishes.ts";

for (const suite of [fragmentStoreSuite, fragmentPartsSuite, fragmentWishesSuite]) {
  suite("simulated", async ({ spoolBytes }) => {
    const world = new World(1);
    const disk = new SpoolDisk(spoolBytes);
    let time: PoweredTime | null = null;
    const kill = async () => time?.cut();
    return {
      boot: async () => {
        time = new PoweredTime(world);
        const chance = world.chance.fork(`boot at ${world.nowMs}`);
        return new SimulatedFragmentStore(time, disk, chance, contentHashes);
      },
      kill,
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
}
