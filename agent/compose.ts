import { join } from "node:path";
import { noButton, noCamera, noChime, noConfiguration, noLight } from "../device/linux/absent.ts";
import { LinuxClock } from "../device/linux/clock.ts";
import { ConfigurationFile } from "../device/linux/configuration-file.ts";
import { linuxEntropy } from "../device/linux/entropy.ts";
import { EvdevButton } from "../device/linux/evdev-button.ts";
import { FfmpegCamera } from "../device/linux/ffmpeg/camera.ts";
import { LedLight } from "../device/linux/led-light.ts";
import { LinuxStorage } from "../device/linux/storage/linux-storage.ts";
import { LinuxTimers } from "../device/linux/timers.ts";
import type { ConfigurationProblem, WireSettings } from "../device/ports/configuration-store.ts";
import type { Settings } from "./contract/settings.ts";
import { MqttBroker } from "./mqtt/mqtt-broker.ts";
import type { Ports } from "./ports.ts";
import { Runtime, type RuntimeOptions } from "./runtime.ts";
import { OwnerVault } from "./vault/owner-vault.ts";

/**
 * The real world of a doorbell on Linux, as the settings describe it. Nothing is opened before the agent starts.
 * Without `problemsOf`, which tells what is wrong with settings from the wire over those of the device, none are taken.
 */
export function linuxPorts(
  settings: Settings,
  warn: (line: string) => void,
  problemsOf?: (wire: WireSettings) => ConfigurationProblem[],
): Ports {
  const clock = new LinuxClock(settings.device.clock);
  const { button, light, camera, clip, spool } = settings;
  const storage = new LinuxStorage({ folder: settings.device.dataFolder, spool, clip, clock });
  return {
    clock,
    timers: new LinuxTimers(clock),
    entropy: linuxEntropy,
    button: button.device === "none" ? noButton : new EvdevButton(button.device, clock),
    light: light.led === "none" ? noLight : new LedLight(light.led, warn),
    chime: noChime,
    camera:
      camera.source === "none"
        ? noCamera(clock)
        : new FfmpegCamera({
            clock,
            sink: storage.clips,
            settings,
            cacheFolder: join(settings.device.dataFolder, "scene"),
          }),
    store: storage.store,
    fragments: storage.clips,
    broker: new MqttBroker({ clock, payloads: storage.clips, ...settings.broker }),
    configuration: problemsOf
      ? new ConfigurationFile(settings.device.dataFolder, clock, problemsOf)
      : noConfiguration(clock),
    vault: new OwnerVault(settings.owner.publicKey, clock),
  };
}

/** One agent in its world: the runtime, and the end of the ports it was given. */
export class Agent {
  readonly #ports: Ports;
  readonly #runtime: Runtime;

  constructor(options: RuntimeOptions) {
    this.#ports = options.ports;
    this.#runtime = new Runtime(options);
  }

  start(): void {
    this.#runtime.start();
  }

  /** Asks it to say goodbye; `ended` follows within seconds. */
  requestStop(): void {
    this.#runtime.requestStop();
  }

  /** Closes every port and leaves nothing running. To be called once the agent has ended. */
  async close(): Promise<void> {
    this.#runtime.halt();
    const { button, light, chime, camera, broker, fragments, store, timers, clock } = this.#ports;
    const { configuration, vault } = this.#ports;
    await Promise.all([button.stop(), light.stop(), chime.stop(), camera.stop(), broker.stop()]);
    await fragments.stop();
    await store.stop();
    await Promise.all([configuration.stop(), vault.stop()]);
    timers.stop();
    clock.stop();
  }
}
