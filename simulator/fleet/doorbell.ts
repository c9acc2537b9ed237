import { Agent } from "../../agent/compose.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import type { Action } from "../../agent/core/actions.ts";
import type { Input } from "../../agent/core/inputs.ts";
import type { State } from "../../agent/core/state.ts";
import type { MqttOptions } from "../../agent/mqtt/client-options.ts";
import { MqttBroker } from "../../agent/mqtt/mqtt-broker.ts";
import type { Ports } from "../../agent/ports.ts";
import { noCamera, noConfiguration, noLight, noVault } from "../../device/linux/absent.ts";
import { linuxEntropy } from "../../device/linux/entropy.ts";
import type { Clock } from "../../device/ports/clock.ts";
import { SimulatedButton } from "../hardware/button.ts";
import { SimulatedCamera, wellCamera } from "../hardware/camera.ts";
import { SimulatedChime } from "../hardware/chime.ts";
import { contentHashes, sha256Of } from "../hardware/clip-file.ts";
import { SimulatedFragmentStore } from "../hardware/fragment-store.ts";
import { OutboxDisk } from "../hardware/outbox-disk.ts";
import { SpoolDisk } from "../hardware/spool-disk.ts";
import { SimulatedStore } from "../hardware/store.ts";
import { Chance } from "../world/chance.ts";
import { FleetTime } from "./fleet-time.ts";
import { FleetTimers } from "./fleet-timers.ts";
import { NoClips, noPayloads } from "./no-clips.ts";

/** What comes sooner after a release might be taken for bounce. */
const BETWEEN_PRESSES_MS = 250;

/** Who is told what happens to the doorbells of a fleet. */
export interface FleetWatcher {
  /** It tries to connect. */
  connecting(doorbell: FleetDoorbell): void;
  connected(doorbell: FleetDoorbell): void;
  /** The connection is gone, or there was none: `detail` says why. */
  disconnected(doorbell: FleetDoorbell, detail: string): void;
  /** A press has become an event. `pressedAtMs` is when the contact closed, by `performance.now()`. */
  rang(doorbell: FleetDoorbell, eventId: string, pressedAtMs: number): void;
  clipOpened(clipId: string): void;
  clipClosed(clipId: string, bytes: number): void;
}

/** What all doorbells of one fleet share: the same machine, and hardware that has no state of its own. */
export class FleetHardware {
  readonly time = new FleetTime();
  readonly chime = new SimulatedChime();
  readonly chance: Chance;
  readonly clock: Clock = {
    monotonicMs: () => this.time.monotonicMs(),
    read: () => ({ monotonicMs: this.time.monotonicMs(), utcMs: Date.now(), trust: "synced" }),
    start() {},
    stop() {},
  };

  #link: { settings: Settings["broker"]; options: MqttOptions } | null = null;

  /** `seed` draws the sizes of what cameras see, and the times that disks take. */
  constructor(seed: number) {
    this.chance = new Chance(`fleet/${seed}/hardware`);
  }

  /** What the connections of all doorbells without clips have in common, one object for each settings. */
  linkOf(settings: Settings["broker"]): MqttOptions {
    if (this.#link?.settings !== settings) {
      this.#link = { settings, options: { clock: this.clock, payloads: noPayloads, ...settings } };
    }
    return this.#link.options;
  }
}

/** One of many: a whole agent with a real connection of its own, on simulated hardware. */
export class FleetDoorbell {
  readonly id: string;
  readonly #watcher: FleetWatcher;
  readonly #button: SimulatedButton;
  readonly #broker: MqttBroker;
  readonly #agent: Agent;
  /** The connection that stands; 0 for none. */
  #connection = 0;
  /** A press that has not become an event yet. */
  #pressedAtMs: number | null = null;
  #releasedAtMs = 0;
  #state: Readonly<State> | null = null;
  #ended: (() => void) | null = null;
  #isOver = false;

  /** `settings.device.id` is its name. It has a camera unless `camera.source` is `none`. */
  constructor(settings: Settings, hardware: FleetHardware, watcher: FleetWatcher) {
    this.id = settings.device.id;
    this.#watcher = watcher;
    this.#button = new SimulatedButton(hardware.time);
    const { camera, fragments, link } = picturesOf(settings, hardware);
    this.#broker = new MqttBroker(link);
    this.#agent = new Agent({
      ports: {
        clock: hardware.clock,
        timers: new FleetTimers(hardware.time),
        // Chance from a seed would name the events of every run alike.
        entropy: linuxEntropy,
        button: this.#button,
        light: noLight,
        chime: hardware.chime,
        camera,
        store: new SimulatedStore(hardware.time, new OutboxDisk(), hardware.chance),
        fragments,
        broker: this.#broker,
        configuration: noConfiguration(hardware.clock),
        vault: noVault(hardware.clock),
      },
      settings,
      version: "fleet",
      mode: "normal",
      log: noLog,
      ended: () => this.#over(),
      observe: (input, actions, state) => {
        this.#state = state;
        this.#observe(input, actions);
      },
    });
  }

  /** Number of the connection that stands; 0 for none. */
  get connection(): number {
    return this.#connection;
  }

  /** The broker has acknowledged everything that it had to say. */
  get hasDelivered(): boolean {
    const { outbox, uploads } = this.#state ?? {};
    const rows = (outbox?.totals.press.rows ?? 0) + (outbox?.totals.event.rows ?? 0);
    return rows + (outbox?.unsaved.length ?? 0) + (uploads?.active.length ?? 0) === 0;
  }

  start(): void {
    this.#agent.start();
  }

  /**
   * Pushes the button for `holdMs`, which must be long enough for a press. Answers false, and does nothing, while the
   * press before is not over.
   */
  press(holdMs: number): boolean {
    const now = performance.now();
    const isBusy = this.#pressedAtMs !== null || this.#button.isDown;
    if (isBusy || now - this.#releasedAtMs < BETWEEN_PRESSES_MS) return false;
    this.#pressedAtMs = now;
    this.#button.press(holdMs);
    return true;
  }

  /** The network drops the connection. Answers whether there was one. */
  cut(): boolean {
    if (this.#connection === 0) return false;
    this.#broker.abandon(this.#connection);
    return true;
  }

  /** Says goodbye, for at most some seconds, and leaves nothing behind in this process. */
  async end(): Promise<void> {
    const ended = new Promise<void>((resolve) => {
      this.#ended = resolve;
    });
    if (!this.#isOver) {
      this.#agent.requestStop();
      await ended;
    }
    await this.#agent.close();
  }

  #over(): void {
    this.#isOver = true;
    this.#ended?.();
  }

  #observe(input: Input, actions: readonly Action[]): void {
    switch (input.type) {
      case "broker.connected":
        this.#connection = input.connection;
        this.#watcher.connected(this);
        break;
      case "broker.disconnected":
        this.#connection = 0;
        this.#watcher.disconnected(this, input.detail);
        break;
      case "button.edge":
        if (!input.pressed) this.#releasedAtMs = performance.now();
        break;
      case "clip.opened":
        this.#watcher.clipOpened(input.clipId);
        break;
      case "clip.closed":
        this.#watcher.clipClosed(input.clipId, input.closing.bytes);
        break;
    }
    for (const action of actions) {
      if (action.type === "broker.connect") this.#watcher.connecting(this);
      if (action.type !== "store.append" || action.row.lane !== "press") continue;
      if (this.#pressedAtMs !== null) this.#watcher.rang(this, action.row.id, this.#pressedAtMs);
      this.#pressedAtMs = null;
    }
  }
}

function picturesOf(
  settings: Settings,
  hardware: FleetHardware,
): Pick<Ports, "camera" | "fragments"> & { link: MqttOptions } {
  const { time, clock, chance } = hardware;
  if (settings.camera.source === "none") {
    return { camera: noCamera(clock), fragments: new NoClips(clock), link: hardware.linkOf(settings.broker) };
  }
  const spool = new SpoolDisk(settings.spool.maxBytes);
  const fragments = new SimulatedFragmentStore(time, spool, chance, contentHashes);
  const own = new SimulatedCamera(time, fragments, chance, {
    condition: wellCamera(),
    stallMs: settings.camera.stallMs,
    hashOf: (jpeg) => sha256Of([jpeg]),
  });
  fragments.watch(own);
  return { camera: own, fragments, link: { clock, payloads: fragments, ...settings.broker } };
}

/** What goes wrong is told by what is observed. */
function noLog(): void {}
