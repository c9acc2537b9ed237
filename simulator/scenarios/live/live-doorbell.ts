import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { Bug, type PorchlightError, UsageError, WorldError } from "../../../agent/contract/errors.ts";
import type { Settings } from "../../../agent/contract/settings.ts";
import type { ClockAtStart, ClockSetting, Order, Report, Troubles } from "./orders.ts";

/** A file beside this one, as each program and its workers are. */
const ENTRY = new URL("./doorbell-process.js", import.meta.url);
/** An agent says goodbye within seconds. */
const GOODBYE_MS = 15_000;
const KEPT_WORDS = 2_000;

/** No doorbell may outlive the process that started it. */
const running = new Set<ChildProcess>();
process.once("exit", () => {
  for (const child of running) signalGroup(child, "SIGKILL");
});

export interface LiveDoorbellOptions {
  settings: Settings;
  clock: { synced: boolean; behindMs: number; syncAfterMs: number };
  report: (fact: Report) => void;
  /** It ended although nobody had asked it to. */
  failed: (error: PorchlightError) => void;
}

/** One doorbell: a process of its own that can lose its power, with a data folder that outlives it. */
export class LiveDoorbell {
  readonly #options: LiveDoorbellOptions;
  #child: ChildProcess | null = null;
  /** Settles when the last process is gone. */
  #gone: Promise<unknown> = Promise.resolve();
  /** Its end was asked for. */
  #ending = false;
  #troubles: Troubles = {
    ...{ disk: null, diskSlowMs: 0, buttonLost: false },
    ...{ cameraBroken: false, cameraStalled: false, stills: "taken" },
  };
  #clock: ClockAtStart;
  #offAtMs: number | null = null;
  #sync: NodeJS.Timeout | undefined;

  constructor(options: LiveDoorbellOptions) {
    this.#options = options;
    const { synced, behindMs } = options.clock;
    this.#clock = synced ? { offsetMs: 0, trust: "synced" } : { offsetMs: -behindMs, trust: "estimated" };
  }

  get isOn(): boolean {
    return this.#child !== null;
  }

  /** Power: the agent starts on the same data folder, once the process before is gone. Does nothing when it is on. */
  async powerOn(): Promise<void> {
    if (this.#child) return;
    await this.#gone;
    const child = fork(ENTRY, {
      // A group of its own, with everything that it starts: the power goes for all of it at once.
      detached: true,
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#child = child;
    this.#ending = false;
    running.add(child);
    let words = "";
    child.stderr?.on("data", (text) => {
      words = `${words}${text}`.slice(-KEPT_WORDS);
    });
    child.on("message", (report: Report) => this.#hear(report));
    child.on("error", (error) => this.#options.failed(new WorldError(error.message)));
    this.#gone = once(child, "close").then(([code, signal]) => {
      running.delete(child);
      if (this.#child === child) this.#off();
      if (!this.#ending && code !== 2)
        this.#options.failed(new Bug(`a doorbell ended with ${signal ?? code}: ${words.trim()}`));
    });
    const { settings, report } = this.#options;
    report({ what: "unsettled", waits: "it starts" });
    this.#order({ do: "power", settings, clock: this.#clockAtStart(), troubles: this.#troubles });
  }

  /** The power goes, in the middle of whatever it does (SIGKILL). Does nothing when it is off. */
  cutPower(): void {
    this.#ending = true;
    if (this.#child) signalGroup(this.#child, "SIGKILL");
    this.#off();
  }

  /** Asks the agent to end, as an update or an operator does (SIGTERM). */
  requestStop(): void {
    this.#ending = true;
    this.#child?.kill("SIGTERM");
  }

  /** Resolves when nothing of it runs; what does not end by itself is ended. */
  async gone(): Promise<void> {
    const child = this.#child;
    const timer = setTimeout(() => child && signalGroup(child, "SIGKILL"), GOODBYE_MS);
    await this.#gone;
    clearTimeout(timer);
  }

  push(push: { holdMs: number; chatterMs: number }): void {
    this.#order({ do: "push", ...push });
  }

  move(motion: { forMs: number; areaPermille: number; zones: number[] }): void {
    this.#order({ do: "move", ...motion });
  }

  /** So many changes of the button's level at one instant. */
  storm(edges: number): void {
    this.#order({ do: "storm", edges });
  }

  setClock(set: ClockSetting): void {
    this.#order({ do: "clock", set });
  }

  /** From now on, and in every later process. */
  trouble(troubles: Partial<Troubles>): void {
    this.#troubles = { ...this.#troubles, ...troubles };
    this.#order({ do: "troubles", troubles: this.#troubles });
  }

  /** The capture's process dies (SIGKILL). */
  crashCamera(): void {
    this.#order({ do: "crash", what: "camera" });
  }

  /** The agent's process ends by a bug. */
  crashAgent(): void {
    this.#ending = true;
    this.#order({ do: "crash", what: "agent" });
  }

  /** The agent's process dies (SIGKILL), and the system closes what it had open. */
  killAgent(): void {
    this.#ending = true;
    this.#child?.kill("SIGKILL");
  }

  #order(order: Order): void {
    // One that is about to end does not hear it, as a doorbell without power does not.
    if (this.#child?.connected) this.#child.send(order, () => undefined);
  }

  #hear(report: Report): void {
    if (report.what === "clock") this.#clock = report.clock;
    if (report.what === "ended" && report.exitCode === 2) this.#options.failed(new UsageError(report.reason));
    this.#options.report(report);
  }

  #off(): void {
    if (!this.#child) return;
    this.#child = null;
    this.#offAtMs = Date.now();
    clearTimeout(this.#sync);
  }

  /** A clock without a battery goes on from where it stood. */
  #clockAtStart(): ClockAtStart {
    const { synced, syncAfterMs } = this.#options.clock;
    if (synced) return { offsetMs: 0, trust: "synced" };
    const offMs = this.#offAtMs === null ? 0 : Date.now() - this.#offAtMs;
    this.#clock = { offsetMs: this.#clock.offsetMs - offMs, trust: "estimated" };
    this.#sync = setTimeout(() => this.setClock({ errorMs: 0 }), syncAfterMs);
    return this.#clock;
  }
}

function signalGroup(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch (error) {
    // All of it is gone already.
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
  }
}
