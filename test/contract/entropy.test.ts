import { linuxEntropy } from "../../device/linux/entropy.ts";
import { SimulatedEntropy } from "../../simulator/hardware/entropy.ts";
import { World } from "../../simulator/world/world.ts";
import { entropySuite } from "./entropy.ts";

entropySuite("the kernel's", function* () {
  for (;;) yield linuxEntropy;
});

entropySuite("simulated", function* () {
  const { chance } = new World(1);
  for (let boot = 1; ; boot += 1) yield new SimulatedEntropy(chance.fork(`boot/${boot}`).fork("entropy"));
});
