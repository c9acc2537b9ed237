import { join } from "node:path";
import { Agent, linuxPorts } from "../../agent/compose.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { modeAfterCrashes } from "../../agent/crash-record.ts";
import { readVersion } from "../../agent/version.ts";
import { SimulatedButton } from "../hardware/button.ts";
import { SimulatedChime } from "../hardware/chime.ts";
import { SimulatedLight } from "../hardware/light.ts";
import { EmbeddedBroker } from "../network/embedded-broker.ts";
import { CameraSwitch } from "./camera-switch.ts";
import type { Feed } from "./feed.ts";
import type { Command } from "./keys.ts";
import { LinkSwitch } from "./link-switch.ts";
import { liveTime } from "./live-time.ts";
import { Receiver } from "./receiver.ts";
import { stepFacts } from "./step-facts.ts";

/** How the agent ended. */
export interface Ending {
  exitCode: 0 | 2 | 75;
  reason: string;
}

const SHORT_PRESS_MS = 120;
const LONGER_THAN_LONG_MS = 300;
const PRESSES_REMEMBERED = 64;
/** The agent starts to look for its broker when the receiver has found it, or after this. */
const RECEIVER_FIRST_MS = 2_000;
const STORE_OPEN_MS = 10_000;

/** One doorbell on this machine with everything around it: button, light, chime, camera, broker and receiver. */
export class LiveRun {
  /** Where what was received is written. */
  readonly receivedFolder: string;
  readonly button: SimulatedButton;
  /** Resolves when the agent's work is over, for whatever reason. */
  readonly ended: Promise<Ending>;
  readonly #settings: Settings;
  readonly #feed: Feed;
  readonly #broker: EmbeddedBroker | null;
  readonly #camera: CameraSwitch;
  readonly #link: LinkSwitch;
  readonly #agent: Agent;
  readonly #receiver: Receiver;
  /** Switching takes time: what is asked for meanwhile follows. */
  #switching: Promise<void> = Promise.resolve();
  #contactClosedAtMs: number[] = [];
  #epoch = "";

  private constructor(settings: Settings, feed: Feed, broker: EmbeddedBroker | null) {
    this.#settings = settings;
    this.#feed = feed;
    this.#broker = broker;
    this.receivedFolder = join(settings.device.dataFolder, "received");
    const warn = (message: string) => feed.tell({ what: "log", level: "warn", message, facts: {} });
    const ports = linuxPorts(settings, warn);
    const monotonicMs = () => ports.clock.monotonicMs();
    this.button = new SimulatedButton(liveTime);
    this.#camera = new CameraSwitch(ports.camera, monotonicMs);
    this.#link = new LinkSwitch(ports.broker, monotonicMs);
    let endedWith: (ending: Ending) => void = () => undefined;
    this.ended = new Promise((resolve) => {
      endedWith = resolve;
    });
    this.#agent = new Agent({
      ports: {
        ...ports,
        button: this.button,
        light: new SimulatedLight((pattern) => feed.tell({ what: "light", pattern })),
        chime: new SimulatedChime(() => feed.tell({ what: "chime" })),
        camera: this.#camera,
        broker: this.#link,
      },
      settings,
      version: readVersion(),
      mode: modeAfterCrashes(settings.device.dataFolder, Date.now()),
      log: ({ level, message, facts }) => feed.tell({ what: "log", level, message, facts }),
      ended: (exitCode, reason) => endedWith({ exitCode, reason }),
      observe: (input, actions, state) => {
        if (input.type === "agent.started") this.#epoch = input.epoch;
        for (const fact of stepFacts(input, actions, state)) feed.tell(fact);
      },
    });
    this.#receiver = new Receiver({
      settings,
      folder: this.receivedFolder,
      tell: feed.tell,
      afterPressMs: ({ event, monotonicMs: pressedMs }, atMs) =>
        event.epoch === this.#epoch ? this.#sinceContactClosed(pressedMs, atMs) : null,
    });
  }

  /** Makes a run; with its own broker (on a free port of the loopback interface) if the settings name none. */
  static async prepare(settings: Settings, feed: Feed, ownBroker: boolean): Promise<LiveRun> {
    if (!ownBroker) return new LiveRun(settings, feed, null);
    const broker = new EmbeddedBroker();
    await broker.start();
    const withBroker = { ...settings, broker: { ...settings.broker, urls: [broker.url] } };
    return new LiveRun(withBroker, feed, broker);
  }

  /** Of the broker that is used first. */
  get brokerUrl(): string {
    return this.#settings.broker.urls[0] ?? "";
  }

  /** Of the agent's start; empty before. */
  get epoch(): string {
    return this.#epoch;
  }

  get receiverIsConnected(): boolean {
    return this.#receiver.isConnected;
  }

  /**
   * Starts the agent, then the receiver, and lets the agent connect when somebody receives. Answers early when the
   * agent ends, as it does when its data folder belongs to another one.
   */
  async start(): Promise<void> {
    const storeIsOpen = this.#feed.first(
      (happening) => (happening.what === "queues" && happening.store !== "opening" ? true : null),
      STORE_OPEN_MS,
    );
    const ended = this.ended.then(() => "ended" as const);
    this.#agent.start();
    this.#tellBroker(true);
    if ((await Promise.race([storeIsOpen, ended])) === "ended") return;
    try {
      await this.#receiver.start();
      await this.#receiver.connected(RECEIVER_FIRST_MS);
    } catch (error) {
      const detail = error instanceof Error ? error.message : String(error);
      this.#feed.tell({ what: "consumer", connected: false, detail });
    }
    this.#link.on();
  }

  /** Does what somebody at the keyboard asks for; `quit` asks the agent to end. */
  command(command: Command): void {
    switch (command) {
      case "ring":
        this.ring();
        return;
      case "hold":
        this.#press(this.#settings.button.longMs + LONGER_THAN_LONG_MS);
        return;
      case "double":
        return this.#ringTwice();
      case "broker":
        this.#switching = this.#switching.then(() => this.#switchBroker());
        return;
      case "camera":
        return this.#camera.isOn ? this.#camera.off() : this.#camera.on();
      case "quit":
        return this.requestStop();
    }
  }

  /** A short press. Answers when the contact closed: monotonic milliseconds with fractions. */
  ring(): number {
    return this.#press(this.#shortPressMs());
  }

  requestStop(): void {
    this.#agent.requestStop();
  }

  /** Ends everything that this run has started. To be called once the agent has ended. */
  async close(): Promise<void> {
    await this.#switching;
    await this.#agent.close();
    await this.#receiver.stop();
    await this.#broker?.stop();
  }

  #press(holdMs: number): number {
    const atMs = performance.now();
    this.#contactClosedAtMs.push(atMs);
    if (this.#contactClosedAtMs.length > PRESSES_REMEMBERED) this.#contactClosedAtMs.shift();
    this.button.press(holdMs);
    return atMs;
  }

  #ringTwice(): void {
    const { doubleWithinMs, holdMs } = this.#settings.button;
    this.#press(this.#shortPressMs());
    const pauseMs = Math.round((holdMs + doubleWithinMs) / 2);
    liveTime.after(this.#shortPressMs() + pauseMs, () => this.#press(this.#shortPressMs()));
  }

  #shortPressMs(): number {
    return Math.max(SHORT_PRESS_MS, this.#settings.button.holdMs + 40);
  }

  /** The agent dates a press by the edge of its button, in whole milliseconds. */
  #sinceContactClosed(pressedMs: number, atMs: number): number | null {
    const closedAtMs = this.#contactClosedAtMs.find(
      (time) => Math.floor(time) === pressedMs || Math.floor(time) + 1 === pressedMs,
    );
    return closedAtMs === undefined ? null : atMs - closedAtMs;
  }

  /** Our own broker really goes away; of any other one the link is cut. */
  async #switchBroker(): Promise<void> {
    if (this.#link.isOn) {
      this.#link.off();
      await this.#broker?.stop();
      this.#tellBroker(false);
      return;
    }
    await this.#broker?.start();
    this.#tellBroker(true);
    // What the agent sends before somebody receives, a broker that kept nothing would lose.
    await this.#receiver.connected(RECEIVER_FIRST_MS);
    this.#link.on();
  }

  #tellBroker(on: boolean): void {
    this.#feed.tell({ what: "broker", on, url: this.brokerUrl });
  }
}
