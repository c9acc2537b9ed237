import type { Settings } from "../../agent/contract/settings.ts";
import type { Ports } from "../../agent/ports.ts";
import type { PayloadSource } from "../../device/ports/fragment-store.ts";
import { SimulatedButton } from "../../simulator/hardware/button.ts";
import { SimulatedCamera, wellCamera } from "../../simulator/hardware/camera.ts";
import { SimulatedChime } from "../../simulator/hardware/chime.ts";
import { SimulatedClock } from "../../simulator/hardware/clock.ts";
import { SimulatedEntropy } from "../../simulator/hardware/entropy.ts";
import { SimulatedFragmentStore } from "../../simulator/hardware/fragment-store.ts";
import { SimulatedLight } from "../../simulator/hardware/light.ts";
import { OutboxDisk } from "../../simulator/hardware/outbox-disk.ts";
import { SpoolDisk } from "../../simulator/hardware/spool-disk.ts";
import { SimulatedStore } from "../../simulator/hardware/store.ts";
import { SimulatedTimers } from "../../simulator/hardware/timers.ts";
import { liveTime } from "../../simulator/live/live-time.ts";
import { Chance } from "../../simulator/world/chance.ts";

/** Everything of one doorbell but its broker, simulated, in real time. */
export function hardware(
  number: number,
  settings: Settings,
): Omit<Ports, "broker"> & { payloads: PayloadSource } {
  const chance = new Chance(`bench/${number}`);
  const fragments = new SimulatedFragmentStore(
    liveTime,
    new SpoolDisk(settings.spool.maxBytes),
    chance.fork("spool"),
  );
  const camera = new SimulatedCamera(liveTime, fragments, chance.fork("camera"), {
    condition: wellCamera(),
    stallMs: settings.camera.stallMs,
  });
  fragments.watch(camera);
  return {
    clock: new SimulatedClock(liveTime, Date.now(), "synced"),
    timers: new SimulatedTimers(liveTime),
    entropy: new SimulatedEntropy(chance.fork("entropy")),
    button: new SimulatedButton(liveTime),
    light: new SimulatedLight(),
    chime: new SimulatedChime(() => undefined),
    camera,
    store: new SimulatedStore(liveTime, new OutboxDisk(), chance.fork("store")),
    fragments,
    payloads: fragments,
  };
}
