import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { UsageError, WorldError } from "../../../agent/contract/errors.ts";
import type { Settings } from "../../../agent/contract/settings.ts";
import { topicsOf } from "../../../agent/contract/topics.ts";
import type { Violation } from "../../checkers/evidence.ts";
import { Subscriber } from "../../live/subscriber.ts";
import { FaultProxy } from "../../network/fault-proxy.ts";
import type { LinkQuality } from "../../network/modelled-link.ts";
import { type BrokerSins, SinningBroker } from "../../network/sinning-broker.ts";
import type { MishapKind } from "../../virtual/faults.ts";
import { defaultSettings } from "../../virtual/settings.ts";
import type { Pause, Seen, Stage } from "../stage.ts";
import { LiveCloud } from "./cloud.ts";
import { type BrokerKeeps, findLiveBroker, type LiveBroker } from "./live-broker.ts";
import { LiveDoorbell } from "./live-doorbell.ts";
import { beginLive, cannotPlay, type LiveScene } from "./live-mishaps.ts";
import type { Report } from "./orders.ts";
import { Schedule } from "./schedule.ts";

/** One doorbell of a live stage, as its story has it. */
export interface LiveDoor {
  settings: Settings;
  link: LinkQuality;
  clock: { synced: boolean; behindMs: number; syncAfterMs: number };
}

export interface LiveStageOptions {
  doors: readonly LiveDoor[];
  keeps: BrokerKeeps;
  seed: number;
  /** For people: what is refused. */
  title: string;
  /** `mqtt://HOST:PORT` of the broker; one of our own without it. */
  brokerUrl: string | undefined;
  /** What each doorbell has on its disk is kept below it. */
  folder: string;
  /** For people: what is not a part of the story. */
  log: (line: string) => void;
}

/** Each is a process with a camera of its own. */
const MOST_DOORBELLS = 16;
const CONNECTED_WITHIN_MS = 10_000;
const READY_WITHIN_MS = 40_000;
const SETTLED_WITHIN_MS = 120_000;
const ARRIVES_WITHIN_MS = 3_000;
const LOOK_EVERY_MS = 20;
/** A broker may lose by these what it has acknowledged. */
const LOSES_MESSAGES: ReadonlySet<string> = new Set(["broker.kill", "broker.forget"]);

interface Place {
  door: LiveDoor;
  deviceId: string;
  link: FaultProxy;
  sins: BrokerSins;
  cloud: LiveCloud;
  doorbell: LiveDoorbell;
  /** What of its work has not come to its end, in words. */
  waits: string;
}

/**
 * This machine as a stage: each doorbell is the agent in a process of its own, with the real camera, disk and uplink,
 * behind a link that can be broken and a real broker. Its time is the machine's.
 */
export class LiveStage implements Stage {
  readonly kind = "live";
  readonly seen: Seen[] = [];
  readonly #options: LiveStageOptions;
  readonly #broker: LiveBroker;
  #sinning: SinningBroker | null = null;
  #stranger: Subscriber | null = null;
  readonly #schedule = new Schedule(() => this.nowMs());
  #places: Place[] = [];
  #beganAtMs: number | null = null;
  #work: Promise<void> = Promise.resolve();
  #failure: Error | null = null;
  #isClosed = false;
  #brokerLoses = false;
  readonly #waiting = new Set<() => void>();

  private constructor(options: LiveStageOptions, broker: LiveBroker) {
    this.#options = options;
    this.#broker = broker;
  }

  /**
   * Looks for a broker, and starts nothing: what can be played here is known then.
   * @throws UsageError or WorldError in one line.
   */
  static async prepare(options: LiveStageOptions): Promise<LiveStage> {
    if (options.doors.length > MOST_DOORBELLS) {
      throw new UsageError(
        `${options.title}: ${options.doors.length} doorbells cannot be played live: each is a process with a camera, at most ${MOST_DOORBELLS}`,
      );
    }
    const names = options.doors.map(({ settings }) => settings.device.id).filter((id) => id !== "front-door");
    const twice = names.find((id, at) => names.indexOf(id) !== at);
    if (twice !== undefined) throw new UsageError(`${options.title}: two doorbells are called ${twice}`);
    return new LiveStage(options, await findLiveBroker(options.brokerUrl));
  }

  get doorbells(): number {
    return this.#options.doors.length;
  }

  /** For people: what the broker is, and where once it was started. */
  get brokerName(): string {
    return this.#broker.port === 0 ? this.#broker.name : `${this.#broker.name} at ${this.#url}`;
  }

  /** The names of its doorbells on the wire, once it was started. */
  get deviceIds(): string[] {
    return this.#places.map(({ deviceId }) => deviceId);
  }

  cannot(what: MishapKind | "clock" | "ask"): string | null {
    if (what === "ask")
      return "is played on a virtual clock alone: try porchlight-sim command beside a live run";
    return what === "clock" ? null : cannotPlay(what, this.#broker, this.#options.keeps);
  }

  /**
   * The power comes on everywhere: resolves when every doorbell is connected and its camera sees. The story begins
   * then, and what was seen before it was seen at 0. To be closed also when it has thrown.
   */
  async start(): Promise<void> {
    await this.#broker.start();
    const { host, port } = this.#broker;
    const sinning = new SinningBroker({ host, port }, this.#options.seed);
    await sinning.start();
    this.#sinning = sinning;
    const stranger = this.#newSubscriber(`porchlight-stranger-${randomBytes(4).toString("hex")}`);
    this.#stranger = stranger;
    await stranger.start();
    await this.#until(() => stranger.isConnected, CONNECTED_WITHIN_MS, `no broker at ${this.#url}`);
    this.#places = await Promise.all(
      this.#options.doors.map((door, number) => this.#newPlace(door, number, sinning)),
    );
    for (const { cloud, deviceId } of this.#places) {
      // What an earlier doorbell of this name has left is no part of the story.
      stranger.publish(topicsOf(deviceId).status, "", true);
      await cloud.start();
      await this.#until(() => cloud.isConnected, CONNECTED_WITHIN_MS, `no session at ${this.#url}`);
    }
    await Promise.all(this.#places.map(({ doorbell }) => doorbell.powerOn()));
    for (const [number, { door, deviceId }] of this.#places.entries()) {
      const isReady = () =>
        this.#has(number, ({ what }) => what === "status") &&
        (door.settings.camera.source === "none" ||
          this.#has(number, (seen) => seen.what === "event" && seen.type === "camera"));
      await this.#until(isReady, READY_WITHIN_MS, `${deviceId} did not come up`);
    }
    this.#beganAtMs = performance.now();
  }

  nowMs(): number {
    return this.#beganAtMs === null ? 0 : Math.floor(performance.now() - this.#beganAtMs);
  }

  at(atMs: number, run: () => void): void {
    this.#schedule.at(atMs, () => {
      run();
      this.#wake();
    });
  }

  push(doorbell: number, push: { holdMs: number; chatterMs: number }): void {
    this.#place(doorbell).doorbell.push(push);
  }

  move(doorbell: number, motion: { forMs: number; areaPermille: number; zones: number[] }): void {
    this.#place(doorbell).doorbell.move(motion);
  }

  begin(doorbell: number, kind: MishapKind, dose: number): () => void {
    if (LOSES_MESSAGES.has(kind)) this.#brokerLoses = true;
    // Nobody switches a light off that has no power.
    if (kind === "power.cut") this.#see({ atMs: this.nowMs(), doorbell, what: "light", pattern: "off" });
    return beginLive(this.#sceneOf(this.#place(doorbell)), kind, dose);
  }

  /** @throws RangeError always: it `cannot`. */
  ask(): never {
    throw new RangeError("a live stage asks for nothing");
  }

  setClock(doorbell: number, to: { stepMs: number } | "sync"): void {
    this.#place(doorbell).doorbell.setClock(to === "sync" ? { errorMs: 0 } : to);
  }

  /** Time passes until then, or until it is enough. @throws what has ended the story before its end. */
  async pass({ untilMs, enough }: Pause): Promise<void> {
    const wake = this.#schedule.at(untilMs, () => this.#wake());
    while (this.#failure === null && !enough() && this.nowMs() < untilMs)
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    wake();
    if (this.#failure !== null) throw this.#failure;
  }

  /**
   * Waits until every doorbell's work has come to its end. Answers what must hold then and does not; what a broker may
   * have acknowledged and lost is not held against a doorbell that trusts it.
   */
  async settle(): Promise<Violation[]> {
    const violations = await Promise.all(this.#places.map((place) => this.#settle(place)));
    return violations.flat();
  }

  /** Ends the story early: `pass` throws this. */
  fail(error: Error): void {
    this.#failure ??= error;
    this.#wake();
  }

  /** Ends everything that it has started. The doorbells say goodbye first. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#schedule.clear();
    await this.#work;
    for (const { link } of this.#places) link.set({ kind: "pass" });
    for (const { doorbell } of this.#places) doorbell.requestStop();
    await Promise.all(this.#places.map(({ doorbell }) => doorbell.gone()));
    await Promise.all(this.#places.map(({ cloud }) => cloud.stop()));
    for (const { deviceId } of this.#places) this.#publish(topicsOf(deviceId).status, "", true);
    // Nothing of it stays at a broker that is not ours.
    await this.#holds(() => this.#stranger?.isIdle ?? true, ARRIVES_WITHIN_MS);
    await this.#stranger?.stop();
    await Promise.all(this.#places.map(({ link }) => link.stop()));
    await this.#sinning?.stop();
    await this.#broker.stop();
  }

  async #settle(place: Place): Promise<Violation[]> {
    const { door, deviceId, doorbell, cloud } = place;
    const isSettled = () => doorbell.isOn && place.waits === "";
    if (!(await this.#becomes(isSettled, SETTLED_WITHIN_MS))) {
      const detail = `${deviceId}: not within ${SETTLED_WITHIN_MS / 1_000} s: ${place.waits}`;
      return [{ checker: "settles", detail }];
    }
    const trusts = this.#brokerLoses && door.settings.uplink.settle === "puback";
    const wrong = () => cloud.violations().filter(({ checker }) => checker !== "gaps" || !trusts);
    // What the broker has acknowledged last is on its way still.
    await this.#becomes(() => wrong().length === 0, ARRIVES_WITHIN_MS);
    return wrong();
  }

  async #newPlace(door: LiveDoor, number: number, { port, sins }: SinningBroker): Promise<Place> {
    const link = new FaultProxy({ host: "127.0.0.1", port }, `${this.#options.seed}/${number}`);
    await link.start();
    link.begin({ kind: "slow", ...door.link });
    const settings = this.#settingsOf(door, number, link.url);
    const deviceId = settings.device.id;
    const cloud = new LiveCloud({
      settings,
      url: this.#url,
      clientId: `porchlight-cloud-${randomBytes(4).toString("hex")}`,
      received: (fact) => this.#see({ ...fact, atMs: this.nowMs(), doorbell: number }),
      trouble: (detail) => this.#options.log(`the one who receives: ${detail}`),
    });
    const doorbell = new LiveDoorbell({
      settings,
      clock: door.clock,
      report: (report) => this.#hear(number, deviceId, report),
      failed: (error) => this.fail(error),
    });
    return { door, deviceId, link, sins, cloud, doorbell, waits: "not started" };
  }

  get #url(): string {
    const { host, port } = this.#broker;
    return `mqtt://${host.includes(":") ? `[${host}]` : host}:${port}`;
  }

  #settingsOf({ settings: own }: LiveDoor, number: number, url: string): Settings {
    const settings = structuredClone(own);
    const { device, broker } = settings;
    if (this.doorbells > 1 && device.id === "front-door")
      device.id = `door-${String(number).padStart(6, "0")}`;
    device.dataFolder = join(this.#options.folder, device.id);
    device.clock = "system";
    broker.urls = [url];
    if (this.#broker.isOld) broker.protocol = "3.1.1";
    return settings;
  }

  #newSubscriber(clientId: string): Subscriber {
    return new Subscriber({
      ...defaultSettings().broker,
      protocol: this.#broker.isOld ? "3.1.1" : "5",
      url: this.#url,
      clientId,
      deviceId: "stranger",
      filter: null,
      message: () => undefined,
      changed: () => this.#wake(),
    });
  }

  #sceneOf({ doorbell, deviceId, link, sins, cloud }: Place): LiveScene {
    return {
      ...{ doorbell, deviceId, link, sins, cloud },
      broker: this.#broker,
      keeps: this.#options.keeps,
      publish: (topic, text, retain) => this.#publish(topic, text, retain),
      takeOver: async (clientId) => {
        const other = this.#newSubscriber(clientId);
        await other.start();
        await this.#until(() => other.isConnected, CONNECTED_WITHIN_MS, "no broker for another client");
        await other.stop();
      },
      soon: (work) => this.#soon(work),
      after: (delayMs, run) => this.#schedule.at(this.nowMs() + delayMs, run),
    };
  }

  #publish(topic: string, text: string, retain: boolean): void {
    this.#stranger?.publish(topic, text, retain);
  }

  #hear(doorbell: number, deviceId: string, report: Report): void {
    const place = this.#places[doorbell];
    if (report.what === "unsettled" && place) {
      place.waits = report.waits;
      this.#wake();
    } else if (report.what === "ring" || report.what === "light")
      this.#see({ ...report, atMs: this.nowMs(), doorbell });
    else if (report.what === "log" && (report.level === "warn" || report.level === "error"))
      this.#options.log(`${deviceId}: ${report.message}`);
  }

  #see(seen: Seen): void {
    this.seen.push(seen);
    this.#wake();
  }

  #has(doorbell: number, wanted: (seen: Seen) => boolean): boolean {
    return this.seen.some((seen) => seen.doorbell === doorbell && wanted(seen));
  }

  /** One thing after another: a broker that is being killed cannot be started yet. */
  #soon(work: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (!this.#isClosed) await work();
    });
    this.#work = this.#work.catch((error: unknown) => {
      this.fail(error instanceof Error ? error : new WorldError(String(error)));
    });
  }

  /** @throws WorldError with `otherwise`, or whatever has failed. */
  async #until(holds: () => boolean, withinMs: number, otherwise: string): Promise<void> {
    if (!(await this.#becomes(holds, withinMs))) throw new WorldError(otherwise);
  }

  /** Whether it holds within this time. @throws what has ended the story before its end. */
  async #becomes(holds: () => boolean, withinMs: number): Promise<boolean> {
    const does = await this.#holds(() => holds() || this.#failure !== null, withinMs);
    if (!holds() && this.#failure !== null) throw this.#failure;
    return does;
  }

  async #holds(holds: () => boolean, withinMs: number): Promise<boolean> {
    const deadline = performance.now() + withinMs;
    while (!holds()) {
      if (performance.now() >= deadline) return false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_EVERY_MS);
        this.#waiting.add(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
    return true;
  }

  #wake(): void {
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const wake of waiting) wake();
  }

  #place(doorbell: number): Place {
    const place = this.#places[doorbell];
    if (!place) throw new RangeError(`there is no doorbell ${doorbell}`);
    return place;
  }
}
