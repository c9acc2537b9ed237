import { WorldError } from "../../agent/contract/errors.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { ClipLedger } from "./clip-ledger.ts";
import { FleetDoorbell, FleetHardware, type FleetWatcher } from "./doorbell.ts";
import { Ear } from "./ear.ts";
import type { FleetPlan } from "./flags.ts";
import { type Memory, memoryNow, watchWork } from "./machine.ts";
import { percentilesOf, tenth } from "./percentiles.ts";
import { PressLedger } from "./press-ledger.ts";
import { plannedPresses } from "./presses.ts";
import { type FleetResult, isWell } from "./result.ts";
import { settingsOf } from "./settings.ts";
import { Storms } from "./storms.ts";

export interface FleetOptions {
  plan: FleetPlan;
  /** What all doorbells share; the broker is there. */
  settings: Settings;
  ownBroker: boolean;
  /** Told to end before its time: nobody presses any more, and what was pressed may still arrive. */
  signal: AbortSignal;
  hears: (topic: string) => boolean;
}

/** Where a run stands, for whoever watches. */
export interface FleetProgress {
  phase: "connecting" | "ringing" | "settling" | "ending";
  up: number;
  pressed: number;
  arrived: number;
  away: number;
}

/** After the last doorbell has started. */
const CONNECTED_WITHIN_MS = 15_000;
/** What was on its way has not arrived when nothing at all is heard for so long. */
const SILENCE_MS = 10_000;
/** From a broker's acknowledgement to its subscriber. */
const BROKER_WITHIN_MS = 2_000;
const LOOK_EVERY_MS = 50;
/** A simulated camera takes up to 2.5 s. */
const CAMERAS_OPEN_MS = 3_000;

/** One run: the fleet connects, people press while storms cut, what is on its way arrives, and everybody leaves. */
export class FleetRun {
  readonly #options: FleetOptions;
  readonly #hardware: FleetHardware;
  readonly #ear: Ear;
  readonly #presses = new PressLedger();
  readonly #clips = new ClipLedger();
  readonly #storms = new Storms();
  readonly #doorbells: FleetDoorbell[] = [];
  /** When each started, until it is connected for the first time. */
  readonly #starting = new Map<FleetDoorbell, number>();
  readonly #connectMs: number[] = [];
  /** Those without a connection, and why. */
  readonly #away = new Map<FleetDoorbell, string>();
  #dropped = 0;
  #phase: FleetProgress["phase"] = "connecting";

  constructor(options: FleetOptions) {
    this.#options = options;
    this.#hardware = new FleetHardware(options.plan.seed);
    this.#ear = new Ear({
      settings: options.settings,
      hears: options.hears,
      press: (eventId, atMs) => this.#presses.heard(eventId, atMs),
      message: (message) => {
        if (message.kind.startsWith("clip-"))
          this.#clips.heard(message as Parameters<ClipLedger["heard"]>[0]);
      },
    });
  }

  get progress(): FleetProgress {
    return {
      phase: this.#phase,
      up: this.#doorbells.length - this.#away.size,
      pressed: this.#presses.pressed,
      arrived: this.#presses.arrived,
      away: this.#storms.away,
    };
  }

  /** @throws WorldError when the broker cannot be reached at all. */
  async run(): Promise<FleetResult> {
    const { plan, signal } = this.#options;
    try {
      await this.#ear.start();
      const before = await memoryNow();
      await this.#connect();
      const connected = await memoryNow();
      const up = this.progress.up;
      this.#refuseNone(up);
      const failures = this.#failures();
      const work = watchWork();
      const heardBefore = { ...this.#ear.heard };
      const stoodMs = performance.now();
      this.#phase = "ringing";
      await Promise.all([this.#ring(stoodMs), this.#storm(stoodMs)]);
      await sleepUntil(stoodMs + plan.forMs, signal);
      const ranMs = performance.now() - stoodMs;
      this.#phase = "settling";
      await this.#settle();
      const heardMs = performance.now() - stoodMs;
      const worked = work();
      const atEnd = await memoryNow();
      const { heard } = this.#ear;
      const rate = (of: "events" | "bytes") => tenth(((heard[of] - heardBefore[of]) * 1e3) / heardMs);
      const result: Omit<FleetResult, "ok"> = {
        seed: plan.seed,
        doorbells: plan.doorbells,
        broker: this.#options.settings.broker.urls[0] ?? "",
        ownBroker: this.#options.ownBroker,
        interrupted: signal.aborted,
        ranMs: Math.round(ranMs),
        connections: {
          up,
          failed: this.#doorbells.length - up,
          why: failures,
          connectMs: percentilesOf(this.#connectMs),
          dropped: this.#dropped,
        },
        presses: { ...this.#presses.totals(), perMinute: plan.pressesPerMinute },
        holdMs: this.#options.settings.button.holdMs,
        heard: { ...heard, eventsPerS: rate("events"), bytesPerS: rate("bytes") },
        storms: this.#storms.totals(),
        clips: plan.clips ? this.#clips.totals() : null,
        memory: { before, perDoorbell: share(connected), perDoorbellAtEnd: share(atEnd) },
        work: worked,
      };
      return { ...result, ok: isWell(result) };

      function share(now: Memory): Memory {
        return {
          resident: Math.round((now.resident - before.resident) / up),
          heap: Math.round((now.heap - before.heap) / up),
        };
      }
    } finally {
      this.#phase = "ending";
      await Promise.all(this.#doorbells.map((doorbell) => doorbell.end()));
      await this.#ear.stop();
      this.#hardware.time.stop();
    }
  }

  async #connect(): Promise<void> {
    const { plan, settings, signal } = this.#options;
    const watcher = this.#watcher();
    const beganMs = performance.now();
    for (let number = 1; number <= plan.doorbells && !signal.aborted; number++) {
      await sleepUntil(beganMs + ((number - 1) * 1e3) / plan.rampPerS, signal);
      if (signal.aborted) break;
      const doorbell = new FleetDoorbell(settingsOf(settings, number), this.#hardware, watcher);
      this.#doorbells.push(doorbell);
      this.#starting.set(doorbell, performance.now());
      this.#away.set(doorbell, "no answer yet");
      doorbell.start();
    }
    const deadlineMs = performance.now() + CONNECTED_WITHIN_MS;
    while (this.#starting.size > 0 && performance.now() < deadlineMs && !signal.aborted)
      await sleepUntil(performance.now() + LOOK_EVERY_MS, signal);
    // A clip is to have the whole of its pre-roll.
    if (plan.clips) await sleepUntil(performance.now() + CAMERAS_OPEN_MS + settings.clip.preRollMs, signal);
  }

  #watcher(): FleetWatcher {
    return {
      connecting: (doorbell) => this.#storms.tried(performance.now(), doorbell),
      connected: (doorbell) => {
        const now = performance.now();
        const startedMs = this.#starting.get(doorbell);
        if (startedMs !== undefined) this.#connectMs.push(now - startedMs);
        this.#starting.delete(doorbell);
        this.#away.delete(doorbell);
        this.#storms.back(now, doorbell);
      },
      disconnected: (doorbell, detail) => {
        const wasUp = !this.#away.has(doorbell);
        if (wasUp && this.#phase !== "ending" && !this.#storms.tookAway(doorbell)) this.#dropped += 1;
        this.#away.set(doorbell, detail);
      },
      rang: (doorbell, eventId, pressedAtMs) =>
        this.#presses.rang(eventId, {
          pressedAtMs,
          connection: doorbell.connection,
          connectionNow: () => doorbell.connection,
        }),
      clipOpened: (clipId) => this.#clips.opened(clipId),
      clipClosed: () => this.#clips.closed(),
    };
  }

  async #ring(stoodMs: number): Promise<void> {
    const { plan, settings, signal } = this.#options;
    const shortestHoldMs = settings.button.holdMs + HOLD_MARGIN_MS;
    for (const { atMs, doorbell, holdMs } of plannedPresses(plan, shortestHoldMs)) {
      await sleepUntil(stoodMs + atMs, signal);
      if (signal.aborted) return;
      if (this.#doorbells[doorbell]?.press(holdMs)) this.#presses.press();
      else this.#presses.skip();
    }
  }

  async #storm(stoodMs: number): Promise<void> {
    const { plan, signal } = this.#options;
    const { stormEveryMs, forMs } = plan;
    if (stormEveryMs === null) return;
    for (let atMs = stormEveryMs; atMs < forMs; atMs += stormEveryMs) {
      await sleepUntil(stoodMs + atMs, signal);
      if (signal.aborted) return;
      const standing = this.#doorbells.filter(({ connection }) => connection > 0);
      this.#storms.begin(performance.now(), standing);
      for (const doorbell of standing) doorbell.cut();
    }
  }

  /** Until everything that was pressed and recorded has arrived, and everybody is back; or nothing is heard any more. */
  async #settle(): Promise<void> {
    const { plan, settings } = this.#options;
    const clipsMs = plan.clips ? settings.clip.postRollMs : 0;
    const sinceMs = performance.now() + clipsMs;
    const isDone = () =>
      this.#presses.pressed === this.#presses.arrived &&
      this.#storms.away === 0 &&
      (!plan.clips ||
        (this.#clips.awaited === 0 && performance.now() >= sinceMs - clipsMs + OPENS_WITHIN_MS));
    // A second Ctrl-C ends the process: this waits only for what is really on its way.
    const silenceMs = () => performance.now() - Math.max(sinceMs, this.#ear.lastHeardMs);
    const allDelivered = () => this.#doorbells.every((doorbell) => doorbell.hasDelivered);
    while (!isDone() && silenceMs() < SILENCE_MS && !(silenceMs() >= BROKER_WITHIN_MS && allDelivered()))
      await sleepUntil(performance.now() + LOOK_EVERY_MS, new AbortController().signal);
  }

  #failures(): { detail: string; doorbells: number }[] {
    const counts = new Map<string, number>();
    for (const detail of this.#away.values()) counts.set(detail, (counts.get(detail) ?? 0) + 1);
    return [...counts]
      .map(([detail, doorbells]) => ({ detail, doorbells }))
      .sort((a, b) => b.doorbells - a.doorbells)
      .slice(0, MOST_REASONS);
  }

  #refuseNone(up: number): void {
    if (up > 0) return;
    const [first] = this.#failures();
    throw new WorldError(`no doorbell is connected: ${first?.detail ?? "it was ended before the first one"}`);
  }
}

/** Timers may be late. */
const HOLD_MARGIN_MS = 20;
/** A press that is just being held opens its clip within this. */
const OPENS_WITHIN_MS = 500;
const MOST_REASONS = 5;

/** Resolves at that time of `performance.now()`, or at once when the run is to end. */
function sleepUntil(atMs: number, signal: AbortSignal): Promise<void> {
  const waitMs = atMs - performance.now();
  if (waitMs <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, waitMs);
    signal.addEventListener("abort", done);
  });
}
