import type { Settings } from "../../agent/contract/settings.ts";
import type { State } from "../../agent/core/state.ts";
import type { Ports } from "../../agent/ports.ts";
import { Runtime } from "../../agent/runtime.ts";
import type { OutboxRow } from "../../device/ports/store.ts";
import type { PowerOn } from "../checkers/evidence.ts";
import { SimulatedButton } from "../hardware/button.ts";
import { type CameraCondition, SimulatedCamera } from "../hardware/camera.ts";
import { SimulatedChime } from "../hardware/chime.ts";
import { SimulatedClock } from "../hardware/clock.ts";
import { SimulatedEntropy } from "../hardware/entropy.ts";
import { SimulatedFragmentStore } from "../hardware/fragment-store.ts";
import { SimulatedLight } from "../hardware/light.ts";
import { OutboxDisk } from "../hardware/outbox-disk.ts";
import { SpoolDisk } from "../hardware/spool-disk.ts";
import { SimulatedStore } from "../hardware/store.ts";
import { SimulatedTimers } from "../hardware/timers.ts";
import { ModelledBrokerClient, type Network } from "../network/modelled-client.ts";
import type { Chance } from "../world/chance.ts";
import { PoweredTime } from "../world/device-time.ts";
import type { World } from "../world/world.ts";
import type { FaultOptions } from "./faults.ts";
import type { Ledger } from "./ledger.ts";

/** Changes the agent's ports before it gets them: how a test makes a broken agent. */
export type Tamper = (ports: Ports) => Ports;

/** UTC when every world begins: 2026-01-01. */
const WORLD_BEGAN_UTC_MS = Date.UTC(2026, 0, 1);
/** A process that ends waits for its disk, and looks so often whether it has finished. */
const LOOK_EVERY_MS = 50;

interface Running {
  powerOn: PowerOn;
  time: PoweredTime;
  runtime: Runtime;
  button: SimulatedButton;
  camera: SimulatedCamera;
  clock: SimulatedClock;
  store: SimulatedStore;
  fragments: SimulatedFragmentStore;
  client: ModelledBrokerClient;
  state: Readonly<State> | null;
}

/** One doorbell of a world: hardware that outlives its power, and the agent of each power-on. */
export class VirtualDoorbell {
  readonly disk = new OutboxDisk();
  readonly spool: SpoolDisk;
  readonly cameraCondition: CameraCondition = { broken: false, stalled: false };
  readonly #world: World;
  readonly #chance: Chance;
  readonly #network: Network;
  readonly #settings: Settings;
  readonly #clockOptions: FaultOptions["clock"];
  readonly #ledger: Ledger;
  readonly #tamper: Tamper;
  #running: Running | null = null;
  /** Its agent has ended; its process has not. */
  #ending: Running | null = null;
  #boots = 0;
  /** The device's own idea of UTC when it last ran, as far as the card has it. */
  #savedUtcMs: number;

  constructor(
    world: World,
    network: Network,
    options: {
      settings: Settings;
      clock: FaultOptions["clock"];
      ledger: Ledger;
      tamper: Tamper;
      chance: Chance;
    },
  ) {
    this.#world = world;
    this.#chance = options.chance;
    this.#network = network;
    this.#settings = options.settings;
    this.#clockOptions = options.clock;
    this.#ledger = options.ledger;
    this.#tamper = options.tamper;
    this.spool = new SpoolDisk(options.settings.spool.maxBytes);
    this.spool.onEvicted = (clipId, reason) => this.#ledger.evicted(clipId, reason);
    this.#savedUtcMs = WORLD_BEGAN_UTC_MS - options.clock.behindMs;
  }

  /** The power-on that is going on, or null while the device is off. */
  get powerOn(): PowerOn | null {
    return this.#running?.powerOn ?? null;
  }

  get button(): SimulatedButton | null {
    return this.#running?.button ?? null;
  }

  get camera(): SimulatedCamera | null {
    return this.#running?.camera ?? null;
  }

  get clock(): SimulatedClock | null {
    return this.#running?.clock ?? null;
  }

  /** The agent's state, for those who ask whether everything has settled. */
  get state(): Readonly<State> | null {
    return this.#running?.state ?? null;
  }

  /** Rows that only the agent's memory has. */
  rowsInMemory(): OutboxRow[] {
    return this.state?.outbox.unsaved.map(({ row }) => row) ?? [];
  }

  /** Power: the hardware is there and the agent starts, after the process before. Does nothing when it is on. */
  start(): void {
    if (this.#running) return;
    if (this.#ending) {
      this.#world.after(LOOK_EVERY_MS, () => this.start());
      return;
    }
    this.#boots += 1;
    const chance = this.#chance.fork(`boot/${this.#boots}`);
    const powerOn = this.#ledger.powerCame();
    const time = new PoweredTime(this.#world);
    const clock = this.#newClock(time, chance);
    const fragments = new SimulatedFragmentStore(time, this.spool, chance.fork("spool"));
    const camera = new SimulatedCamera(time, fragments, chance.fork("camera"), {
      condition: this.cameraCondition,
      stallMs: this.#settings.camera.stallMs,
    });
    fragments.watch(camera);
    const button = new SimulatedButton(time);
    const store = new SimulatedStore(time, this.disk, chance.fork("store"), () =>
      fragments.giveUpForMessages(),
    );
    const client = new ModelledBrokerClient(
      time,
      this.#network,
      chance.fork("client"),
      (reference, found) => time.after(chance.int(0, 3), () => found(fragments.handleOf(reference))),
      (message, connection, token) => this.#ledger.attempted(powerOn, message, connection, token),
    );
    const ports: Ports = {
      clock,
      timers: new SimulatedTimers(time),
      entropy: new SimulatedEntropy(chance.fork("entropy")),
      button,
      light: new SimulatedLight((pattern) => this.#ledger.watch?.lit(pattern)),
      chime: new SimulatedChime(() => this.#ledger.rang(powerOn)),
      camera,
      store,
      fragments,
      broker: client,
    };
    const runtime = new Runtime({
      ports: this.#tamper(ports),
      settings: structuredClone(this.#settings),
      version: "0.0.0-virtual",
      mode: "normal",
      log: () => undefined,
      ended: (exitCode, reason) => this.#ended(exitCode, reason),
      observe: (input, actions, state) => {
        running.state = state;
        this.#ledger.turn(powerOn, input, actions, state);
        if (input.type === "store.appended") this.#lookAtDisk([]);
        if (input.type === "clip.grew" || input.type === "clip.closed")
          this.#ledger.onCard(this.spool.bytes());
        if (input.type === "store.append-failed" && input.fault === "full") {
          this.#ledger.refused(powerOn, input, this.spool.clips.keys());
        }
      },
    });
    const running: Running = {
      powerOn,
      time,
      runtime,
      button,
      camera,
      clock,
      store,
      fragments,
      client,
      state: null,
    };
    this.#running = running;
    runtime.start();
  }

  /** The power goes, between any two instants. Does nothing when it is off. */
  cutPower(): void {
    const running = this.#running;
    if (!running) {
      this.#cutEnding();
      return;
    }
    running.runtime.halt();
    running.client.powerCut();
    running.store.powerCut();
    running.time.cut();
    this.#over(running, "power-cut");
  }

  /** The power goes while a process waits for its disk. */
  #cutEnding(): void {
    const ending = this.#ending;
    if (!ending) return;
    ending.store.powerCut();
    ending.powerOn.end = "power-cut";
  }

  /** Asks the agent to end, as an update or an operator does. */
  requestStop(): void {
    this.#running?.runtime.requestStop();
  }

  /** A time server answers. */
  syncClock(): void {
    this.#running?.clock.sync(this.#trueUtcMs(this.#chance));
  }

  #ended(exitCode: 0 | 2, reason: string): void {
    const running = this.#running;
    if (!running) return;
    this.#ledger.note("ended", [exitCode, reason]);
    running.client.processEnded();
    running.fragments.processEnded();
    this.#over(running, exitCode === 0 ? "stopped" : "exited");
    this.#ending = running;
    this.#waitForDisk(running);
  }

  #waitForDisk(running: Running): void {
    this.#world.after(LOOK_EVERY_MS, () => {
      if (this.disk.fault !== null) running.powerOn.diskless = true;
      if (!running.store.isIdle) {
        this.#waitForDisk(running);
        return;
      }
      running.time.cut();
      this.#ending = null;
      this.#lookAtDisk(this.#allRows());
    });
  }

  #over(running: Running, end: PowerOn["end"]): void {
    running.powerOn.toMs = this.#world.nowMs;
    running.powerOn.end = end;
    running.powerOn.diskless = this.disk.fault !== null || running.state?.outbox.store === "memory";
    this.#savedUtcMs = running.clock.read().utcMs;
    this.#running = null;
    this.#lookAtDisk(this.#allRows());
  }

  #allRows(): OutboxRow[] {
    return [...this.disk.rows("press"), ...this.disk.rows("event")];
  }

  #lookAtDisk(rows: readonly OutboxRow[]): void {
    const { press, event } = this.disk.totals();
    this.#ledger.onDisk(rows, press.bytes + event.bytes);
  }

  #newClock(time: PoweredTime, chance: Chance): SimulatedClock {
    const { synced, syncAfterMs } = this.#clockOptions;
    if (synced) return new SimulatedClock(time, this.#trueUtcMs(chance), "synced");
    const clock = new SimulatedClock(time, this.#savedUtcMs, "estimated");
    time.after(syncAfterMs, () => clock.sync(this.#trueUtcMs(chance)));
    return clock;
  }

  /** As a time server tells it. */
  #trueUtcMs(chance: Chance): number {
    return WORLD_BEGAN_UTC_MS + this.#world.nowMs + chance.int(-50, 50);
  }
}
