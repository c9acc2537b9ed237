import { Bug } from "../../agent/contract/errors.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { Runtime } from "../../agent/runtime.ts";
import { noConfiguration, noVault } from "../../device/linux/absent.ts";
import { SimulatedButton } from "../hardware/button.ts";
import { SimulatedCamera, wellCamera } from "../hardware/camera.ts";
import { SimulatedChime } from "../hardware/chime.ts";
import { SimulatedClock } from "../hardware/clock.ts";
import { SimulatedEntropy } from "../hardware/entropy.ts";
import { SimulatedLight } from "../hardware/light.ts";
import { OutboxDisk } from "../hardware/outbox-disk.ts";
import { SimulatedStore } from "../hardware/store.ts";
import { SimulatedTimers } from "../hardware/timers.ts";
import { PoweredTime } from "../world/device-time.ts";
import { World } from "../world/world.ts";
import { Tape, TapeBroker, type TapeMessage, type Will } from "./tape-broker.ts";
import { sha256Of, TapeClips } from "./tape-clips.ts";

export interface DoorOptions {
  settings: Settings;
  /** Names its epochs and draws its pictures. */
  seed: number;
  /** UTC when its world begins, milliseconds since 1970. */
  beginsUtcMs: number;
  /** Its clock has not been set: it is behind by so much until `syncClock`. */
  clockBehindMs?: number;
}

interface PoweredOn {
  time: PoweredTime;
  runtime: Runtime;
  button: SimulatedButton;
  camera: SimulatedCamera;
  clock: SimulatedClock;
  store: SimulatedStore;
  clips: TapeClips;
  broker: TapeBroker;
}

const HOLD_MS = 120;
/** A gesture is told, a still is taken and a row is settled within this. */
const SETTLES_MS = 2_500;

/**
 * A doorbell on a virtual clock: the real core on simulated hardware, whose broker writes down what it publishes. Its
 * UTC may be chosen, so that what it publishes last is of this moment.
 */
export class Door {
  readonly disk = new OutboxDisk();
  readonly #tape = new Tape();
  readonly #world: World;
  readonly #options: DoorOptions;
  #on: PoweredOn | null = null;
  #boots = 0;
  #ended = false;

  constructor(options: DoorOptions) {
    this.#options = options;
    this.#world = new World(options.seed);
  }

  /** The will of its newest connection. */
  get will(): Will {
    if (!this.#tape.will) throw new Bug("the doorbell of a case has never connected");
    return this.#tape.will;
  }

  /** The device's UTC, if its clock were right. */
  get utcMs(): number {
    return this.#options.beginsUtcMs + this.#world.nowMs;
  }

  /** Power, and time to connect and for the camera to open. */
  start(): void {
    this.#boots += 1;
    const { settings } = this.#options;
    const chance = this.#world.chance.fork(`boot/${this.#boots}`);
    const time = new PoweredTime(this.#world);
    const clips = new TapeClips(time, chance.fork("clips"));
    const behindMs = this.#options.clockBehindMs;
    const clock = new SimulatedClock(
      time,
      this.utcMs - (behindMs ?? 0),
      behindMs === undefined ? "synced" : "estimated",
    );
    const ports = {
      clock,
      timers: new SimulatedTimers(time),
      entropy: new SimulatedEntropy(chance.fork("entropy")),
      button: new SimulatedButton(time),
      light: new SimulatedLight(),
      chime: new SimulatedChime(),
      camera: new SimulatedCamera(time, clips, chance.fork("camera"), {
        condition: wellCamera(),
        stallMs: settings.camera.stallMs,
        hashOf: sha256Of,
      }),
      store: new SimulatedStore(time, this.disk, chance.fork("store")),
      fragments: clips,
      configuration: noConfiguration(clock),
      vault: noVault(clock),
      broker: new TapeBroker(time, this.#tape, (reference) => clips.bytesOf(reference)),
    };
    this.#ended = false;
    const runtime = new Runtime({
      ports,
      settings: structuredClone(settings),
      version: "conformance",
      mode: "normal",
      log: () => undefined,
      ended: () => {
        this.#ended = true;
      },
    });
    this.#on = { time, runtime, clips, ...ports };
    runtime.start();
    this.pass(4_000);
  }

  /** Somebody rings; what comes of it at once is published. */
  press(): void {
    this.#running.button.press(HOLD_MS);
    this.pass(SETTLES_MS);
  }

  /** Lets virtual time pass. */
  pass(ms: number): void {
    this.#world.runUntil(this.#world.nowMs + ms);
  }

  /** Lets time pass until it is `utcMs`, if it is not later already. */
  passUntil(utcMs: number): void {
    this.pass(Math.max(0, utcMs - this.utcMs));
  }

  /** Lets the clip that is being recorded end, and travel. */
  async recordClip(): Promise<void> {
    const { clip } = this.#options.settings;
    this.pass(clip.postRollMs + 500);
    await this.#running.clips.finish();
    this.pass(SETTLES_MS);
  }

  /** The camera fails, and what it has recorded travels. */
  async loseCamera(): Promise<void> {
    this.#running.camera.fail("the camera was unplugged");
    await this.#running.clips.finish();
    this.pass(SETTLES_MS);
  }

  /** The network is gone. */
  goOffline(): void {
    this.#tape.isReachable = false;
    this.#running.broker.lose();
    this.pass(100);
  }

  /** It is there again: within a minute everything that waited has been sent. */
  goOnline(): void {
    this.#tape.isReachable = true;
    this.pass(70_000);
  }

  /** A time server answers. */
  syncClock(): void {
    this.#running.clock.sync(this.utcMs);
    this.pass(500);
  }

  /** Says goodbye and ends. */
  stop(): void {
    this.#running.runtime.requestStop();
    this.pass(5_000);
    if (!this.#ended) throw new Bug("the doorbell of a case does not end");
    this.cutPower();
  }

  /** The power goes; what was settled stays so. */
  cutPower(): void {
    const { runtime, store, time } = this.#running;
    runtime.halt();
    this.disk.sync();
    store.powerCut();
    time.cut();
    this.#on = null;
  }

  /** What it has published since the last call. */
  published(): TapeMessage[] {
    return this.#tape.messages.splice(0);
  }

  get #running(): PoweredOn {
    if (!this.#on) throw new Bug("the doorbell of a case has no power");
    return this.#on;
  }
}
