import type { Settings } from "../../agent/contract/settings.ts";
import type { ExitCode } from "../../agent/core/actions.ts";
import type { State } from "../../agent/core/state.ts";
import { crashesWith, modeAfter } from "../../agent/crash-record.ts";
import type { Ports } from "../../agent/ports.ts";
import { restartsWith } from "../../agent/restart-record.ts";
import { Runtime, type WhatFollows } from "../../agent/runtime.ts";
import type { OutboxRow } from "../../device/ports/store.ts";
import type { PowerOn } from "../checkers/evidence.ts";
import { SimulatedButton } from "../hardware/button.ts";
import { type CameraCondition, SimulatedCamera, wellCamera } from "../hardware/camera.ts";
import { SimulatedChime } from "../hardware/chime.ts";
import { SimulatedClock } from "../hardware/clock.ts";
import { ConfigurationDisk, SimulatedConfigurationStore } from "../hardware/configuration-store.ts";
import { SimulatedEntropy } from "../hardware/entropy.ts";
import { SimulatedFragmentStore } from "../hardware/fragment-store.ts";
import { SimulatedLight } from "../hardware/light.ts";
import { OutboxDisk } from "../hardware/outbox-disk.ts";
import { SpoolDisk } from "../hardware/spool-disk.ts";
import { SimulatedStore } from "../hardware/store.ts";
import { SimulatedTimers } from "../hardware/timers.ts";
import { SimulatedVault } from "../hardware/vault.ts";
import { ModelledBrokerClient, type Network } from "../network/modelled-client.ts";
import type { Chance } from "../world/chance.ts";
import { PoweredTime } from "../world/device-time.ts";
import { WORLD_BEGAN_UTC_MS, type World } from "../world/world.ts";
import type { FaultOptions } from "./faults.ts";
import type { Ledger } from "./ledger.ts";
import { startFrom, wireProblemsOver } from "./wire-settings.ts";

/** Changes the agent's ports before it gets them: how a test makes a broken agent. */
export type Tamper = (ports: Ports) => Ports;

/** A process that ends waits for its disk, and looks so often whether it has finished. */
const LOOK_EVERY_MS = 50;
/** systemd's `RestartSec`. */
const SUPERVISOR_WAITS_MS = 1_000;
/** A time server is asked so often (systemd-timesyncd's longest, within a factor of two). */
const ASK_TIME_EVERY_MS = 1_024_000;

interface Running {
  powerOn: PowerOn;
  time: PoweredTime;
  runtime: Runtime;
  button: SimulatedButton;
  camera: SimulatedCamera;
  clock: SimulatedClock;
  store: SimulatedStore;
  configuration: SimulatedConfigurationStore;
  fragments: SimulatedFragmentStore;
  client: ModelledBrokerClient;
  state: Readonly<State> | null;
}

/** One doorbell of a world: hardware that outlives its power, and the agent of each power-on. */
export class VirtualDoorbell {
  readonly disk = new OutboxDisk();
  readonly spool: SpoolDisk;
  readonly configurationDisk = new ConfigurationDisk();
  readonly cameraCondition: CameraCondition = wellCamera();
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
  /** UTC of the newest crashes, as the card has them. */
  #crashesUtcMs: number[] = [];
  /** Requests that the last restarts were done for, as the card has them. */
  #restarts: string[] = [];
  #unplugged = false;
  /** By how much the time server is wrong. */
  timeServerErrorMs = 0;
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
    this.configurationDisk.onWritten = (record) =>
      this.#ledger.configured(record, wireProblemsOver(this.#settings, record.inForce));
    this.disk.onSetAside = (rows) => {
      this.#ledger.setAside(rows);
      // A corrupt database is moved aside with the clips that it knew.
      this.spool.clips.clear();
    };
    this.#savedUtcMs = WORLD_BEGAN_UTC_MS - options.clock.behindMs;
  }

  /** The power-on that is going on, or null while the device is off. */
  get powerOn(): PowerOn | null {
    return this.#running?.powerOn ?? null;
  }

  get button(): SimulatedButton | null {
    return this.#running?.button ?? null;
  }

  /** The line of its button cannot be read. */
  get buttonUnplugged(): boolean {
    return this.#unplugged;
  }

  set buttonUnplugged(unplugged: boolean) {
    this.#unplugged = unplugged;
    if (unplugged) this.button?.flap("simulated: unplugged");
    else this.button?.restore();
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
    const { driftPpm } = this.#clockOptions;
    const time = new PoweredTime(this.#world, driftPpm);
    const clock = this.#newClock(time, chance);
    const start = startFrom(this.configurationDisk, this.#settings);
    const mode = start.isRolledBack ? "normal" : modeAfter(this.#crashesUtcMs, clock.read().utcMs);
    const powerOn = this.#ledger.powerCame(mode, driftPpm);
    const fragments = new SimulatedFragmentStore(time, this.spool, chance.fork("spool"));
    const camera = new SimulatedCamera(time, fragments, chance.fork("camera"), {
      condition: this.cameraCondition,
      stallMs: start.settings.camera.stallMs,
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
    const configuration = new SimulatedConfigurationStore(
      time,
      this.configurationDisk,
      chance.fork("configuration"),
      (wire) => wireProblemsOver(this.#settings, wire),
    );
    const ports: Ports = {
      clock,
      timers: new SimulatedTimers(time),
      entropy: new SimulatedEntropy(chance.fork("entropy")),
      button,
      light: new SimulatedLight((pattern) => this.#ledger.shone(powerOn, pattern)),
      chime: new SimulatedChime(() => this.#ledger.rang(powerOn)),
      camera,
      store,
      fragments,
      broker: client,
      configuration,
      vault: new SimulatedVault(time, this.#settings.owner.publicKey),
    };
    const runtime = new Runtime({
      ports: this.#tamper(ports),
      settings: start.settings,
      version: "0.0.0-virtual",
      mode,
      configuration: start.atStart,
      log: () => undefined,
      restarts: this.#restarts,
      ended: (exitCode, reason, next) => this.#ended(exitCode, reason, next),
      observe: (input, actions, state) => {
        running.state = state;
        this.#ledger.turn(powerOn, input, actions, state, client);
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
      configuration,
      fragments,
      client,
      state: null,
    };
    client.onPaced = (bytes) => this.#ledger.paced(bytes);
    client.onConnect = () => this.#ledger.connecting(powerOn);
    client.onOver = () => this.#ledger.connectionOver(powerOn);
    this.#running = running;
    runtime.start();
    if (this.#unplugged) button.flap("simulated: unplugged");
    if (!this.#clockOptions.synced) this.#ledger.strikes.struck("clock.unset");
    if (driftPpm !== 0) {
      this.#ledger.strikes.struck("clock.drift");
      this.#keepTime(running);
    }
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
    running.configuration.powerCut();
    running.time.cut();
    this.#over(running, "power-cut");
  }

  /** The agent's process is gone, by a bug of its own or by the kernel; the machine goes on. */
  endProcess(how: "crash" | "killed"): void {
    const running = this.#running;
    if (!running) return;
    if (how === "crash") this.#crashesUtcMs = crashesWith(this.#crashesUtcMs, running.clock.read().utcMs);
    running.runtime.halt();
    running.client.processEnded();
    running.store.processKilled();
    running.configuration.powerCut();
    running.time.cut();
    this.#over(running, "killed");
  }

  /** The power goes while a process waits for its disk. */
  #cutEnding(): void {
    const ending = this.#ending;
    if (!ending) return;
    ending.store.powerCut();
    ending.configuration.powerCut();
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

  #ended(exitCode: ExitCode, reason: string, { restart, again }: WhatFollows): void {
    const running = this.#running;
    if (!running) return;
    if (restart !== null) this.#restarts = restartsWith(this.#restarts, restart);
    this.#ledger.note("ended", [exitCode, reason]);
    running.client.processEnded();
    running.fragments.processEnded();
    this.#over(running, exitCode === 2 ? "exited" : "stopped");
    this.#ending = running;
    this.#waitForDisk(running, again);
    if (exitCode === 75) this.#world.after(SUPERVISOR_WAITS_MS, () => this.start());
  }

  #waitForDisk(running: Running, again: boolean): void {
    this.#world.after(LOOK_EVERY_MS, () => {
      if (this.disk.fault !== null || this.disk.isCorrupt) running.powerOn.diskless = true;
      if (!running.store.isIdle || !running.configuration.isIdle) {
        this.#waitForDisk(running, again);
        return;
      }
      running.time.cut();
      this.#ending = null;
      this.#lookAtDisk(this.#allRows());
      if (again && running.powerOn.end === "stopped") this.start();
    });
  }

  #over(running: Running, end: PowerOn["end"]): void {
    running.powerOn.toMs = this.#world.nowMs;
    running.powerOn.end = end;
    running.powerOn.diskless =
      this.disk.fault !== null || this.disk.isCorrupt || running.state?.outbox.store === "memory";
    this.#savedUtcMs = running.clock.read().utcMs;
    this.#running = null;
    this.#lookAtDisk(this.#allRows());
  }

  #allRows(): OutboxRow[] {
    return [...this.disk.rows("press"), ...this.disk.rows("event")];
  }

  #lookAtDisk(rows: readonly OutboxRow[]): void {
    const { press, event } = this.disk.totals();
    // What a slow disk has still to forget says nothing of the agent.
    this.#ledger.onDisk(rows, this.disk.slowness === 1 ? press.bytes + event.bytes : 0);
  }

  /** A time server puts right what the quartz does wrong, once it has answered. */
  #keepTime({ time, clock }: Pick<Running, "time" | "clock">): void {
    time.after(ASK_TIME_EVERY_MS, () => {
      if (clock.read().trust === "synced") clock.discipline(this.#trueUtcMs(this.#chance));
      this.#keepTime({ time, clock });
    });
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
    return WORLD_BEGAN_UTC_MS + this.#world.nowMs + chance.int(-50, 50) + this.timeServerErrorMs;
  }
}
