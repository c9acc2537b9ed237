import { SimulatedCamera, wellCamera } from "../../simulator/hardware/camera.ts";
import { tagOf } from "../../simulator/hardware/tags.ts";
import { PoweredTime } from "../../simulator/world/device-time.ts";
import { World } from "../../simulator/world/world.ts";
import { RecordingSink } from "../fixtures/capture.ts";
import { cameraSuite } from "./camera.ts";

cameraSuite("simulated", async () => {
  const world = new World(1);
  const time = new PoweredTime(world);
  const sink = new RecordingSink();
  const condition = wellCamera();
  const camera = new SimulatedCamera(time, sink, world.chance, { condition, stallMs: 5_000 });
  camera.follow(true);
  return {
    camera,
    sink,
    monotonicMs: () => time.monotonicMs(),
    sha256: ({ eventId }, jpeg) => tagOf("still", eventId, jpeg.length),
    crash: async () => camera.fail("simulated: crashed"),
    until: async (met, what) => {
      world.runUntil(world.nowMs + 20_000, met);
      if (!met()) throw new Error(`not within 20 virtual seconds: ${what}`);
    },
    settle: async () => world.runUntil(world.nowMs + 10_000),
    end: async () => {},
  };
});
