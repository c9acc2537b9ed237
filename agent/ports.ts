import type { Broker } from "../device/ports/broker.ts";
import type { ButtonLine } from "../device/ports/button-line.ts";
import type { Camera } from "../device/ports/camera.ts";
import type { Chime } from "../device/ports/chime.ts";
import type { Clock } from "../device/ports/clock.ts";
import type { ConfigurationStore } from "../device/ports/configuration-store.ts";
import type { Entropy } from "../device/ports/entropy.ts";
import type { FragmentStore } from "../device/ports/fragment-store.ts";
import type { Light } from "../device/ports/light.ts";
import type { Store } from "../device/ports/store.ts";
import type { Timers } from "../device/ports/timers.ts";
import type { Vault } from "../device/ports/vault.ts";

/** The whole world of one doorbell, as the runtime needs it. */
export interface Ports {
  clock: Clock;
  timers: Timers;
  entropy: Entropy;
  button: ButtonLine;
  light: Light;
  chime: Chime;
  camera: Camera;
  store: Store;
  fragments: FragmentStore;
  broker: Broker;
  configuration: ConfigurationStore;
  vault: Vault;
}
