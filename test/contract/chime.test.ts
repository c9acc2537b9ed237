import { noChime } from "../../device/linux/absent.ts";
import { SimulatedChime } from "../../simulator/hardware/chime.ts";
import { chimeSuite } from "./chime.ts";

// There is no adapter yet for a chime that sounds: what a device has today is none.
chimeSuite("none", () => ({ chime: noChime, heard: null }));

chimeSuite("simulated", () => {
  const chime = new SimulatedChime();
  return { chime, heard: () => chime.rings };
});
