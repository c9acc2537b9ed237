import { nearest } from "../../agent/config/nearest.ts";
import { UsageError, WorldError } from "../../agent/contract/errors.ts";
import type { Evidence, Violation } from "../checkers/evidence.ts";
import type { Tamper } from "../virtual/doorbell.ts";
import { type FaultOptions, MISHAP_KINDS, type MishapKind, STEADY_BUTTON } from "../virtual/faults.ts";
import { beginMishap, violationsOf } from "../virtual/run.ts";
import { buildScenes, type Scene } from "../virtual/scene.ts";
import { settle } from "../virtual/settle.ts";
import type { DoorbellStory } from "../virtual/story.ts";
import { World } from "../world/world.ts";
import { SimDoorbell } from "./doorbell.ts";
import { type Seen, Witness } from "./seen.ts";
import { completeSettings, type SomeSettings } from "./settings.ts";
import { inMs, type Time } from "./time.ts";

/** What a world is like. */
export interface WorldOptions {
  /** Of all small chances: latencies, the order of the disk's work, where a power cut meets it. 1 unless told. */
  seed?: number;
  /** What the broker keeps and does when something goes wrong with it. It keeps everything unless told. */
  broker?: Partial<
    Pick<FaultOptions, "keepsRetained" | "keepsSessions" | "oldWillLast" | "deliverTwicePermille">
  >;
  /** Which part of a town this is; 0, the whole, unless told. */
  shard?: number;
  /** Changes the agents' ports: a broken agent, to see that a test would notice. */
  tamper?: Tamper;
  /** Gets every line of the world's trace. */
  trace?: (line: string) => void;
}

/** What a doorbell of a world is like. */
export interface DoorbellOptions {
  /** Settings that differ from their defaults (docs/settings.md). Its camera is drawn unless told. */
  settings?: SomeSettings;
  /** The network between doorbell and broker: 5 ms, 1 MB/s unless told. */
  link?: Partial<FaultOptions["link"]>;
  /** The device's clock at each start: right unless told. */
  clock?: Partial<FaultOptions["clock"]>;
  /** Its receiver gives receipts also where the broker's acknowledgement settles (`uplink.settle: puback`). */
  receiptsAnyway?: boolean;
}

/** Something that goes on until it is over. */
export interface Trouble {
  kind: MishapKind;
  /** It is over. Does nothing when it is already. */
  heal(): void;
}

/**
 * Makes a world on a virtual clock, with one broker and its receiver. It stands still until `advance`, `waitFor` or
 * `settle` lets time pass; everything in it follows from the seed and from what is done to it.
 */
export function createWorld(options: WorldOptions = {}): SimWorld {
  const { seed = 1, shard = 0 } = options;
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new UsageError(`seed: found ${seed}, allowed: a whole number from 0 on`);
  return new SimWorld({ ...options, seed, shard });
}

/** A world on a virtual clock. Synchronous: when a call returns, all that it caused so far has happened. */
export class SimWorld {
  readonly #options: WorldOptions & { seed: number; shard: number };
  readonly #world: World;
  readonly #planned: DoorbellStory[] = [];
  readonly #doorbells: SimDoorbell[] = [];
  readonly #seen: Seen[] = [];
  readonly #violations: Violation[] = [];
  #scenes: Scene[] | null = null;
  #open: { trouble: Trouble; doorbell: number }[] = [];

  constructor(options: WorldOptions & { seed: number; shard: number }) {
    this.#options = options;
    this.#world = new World(options.seed, options.trace ?? null, options.shard);
  }

  /**
   * A doorbell of this world, powered at time 0. All of them are made before anything happens.
   * @throws UsageError when something has happened already, or a setting is not allowed.
   */
  doorbell({ settings = {}, link, clock, receiptsAnyway = false }: DoorbellOptions = {}): SimDoorbell {
    if (this.#scenes) throw new UsageError("a world's doorbells are made before anything happens in it");
    const { keepsRetained = true, keepsSessions = true } = this.#options.broker ?? {};
    const { oldWillLast = false, deliverTwicePermille = 0 } = this.#options.broker ?? {};
    const number = this.#doorbells.length;
    this.#planned.push({
      settings: completeSettings(settings),
      faults: {
        link: { latencyMs: 5, jitterMs: 0, bytesPerSecond: 1_000_000, ...link },
        counts: {},
        ...{ oldWillLast, keepsRetained, keepsSessions, deliverTwicePermille, receiptsAnyway },
        clock: { synced: true, behindMs: 0, syncAfterMs: 0, driftPpm: 0, ...clock },
        button: STEADY_BUTTON,
      },
      ...{ presses: [], motions: [], mishaps: [], commands: [] },
    });
    const scene = () => this.#sceneOf(number);
    const doorbell = new SimDoorbell({ number, scene, seen: () => this.#seen });
    this.#doorbells.push(doorbell);
    return doorbell;
  }

  get doorbells(): readonly SimDoorbell[] {
    return this.#doorbells;
  }

  /** Milliseconds since the world began. */
  get nowMs(): number {
    return this.#world.nowMs;
  }

  /** Everything that was seen so far of all doorbells, oldest first. It only grows. */
  get seen(): readonly Seen[] {
    return this.#seen;
  }

  /** Lets so much time pass. */
  advance(time: Time): void {
    this.runUntil(this.nowMs + inMs(time, "advance"));
  }

  /**
   * Lets time pass until `condition` answers something true, and returns that.
   * @throws WorldError when it does not within this time.
   */
  waitFor<T>(condition: () => T, within: Time): T {
    const lastMs = this.nowMs + inMs(within, "waitFor");
    let answer = condition();
    if (!answer)
      this.runUntil(lastMs, () => {
        answer = condition();
        return Boolean(answer);
      });
    if (!answer) throw new WorldError(`it did not come true within ${within} of world time: ${condition}`);
    return answer;
  }

  /** Lets time pass until then, or until `enough` holds, which is asked after each thing that happens. */
  runUntil(untilMs: number, enough?: () => boolean): void {
    this.#built();
    try {
      this.#world.runUntil(untilMs, enough);
    } catch (error) {
      // The core throws on a broken invariant of its own, and the model on one of its own.
      this.#violations.push({
        checker: "crash",
        detail: error instanceof Error ? `${error.stack}` : String(error),
      });
      throw error;
    }
  }

  /** Runs `run` at that time, or next when it is past; before whatever is planned later for the same instant. */
  at(atMs: number, run: () => void): void {
    this.#built();
    this.#world.at(atMs, run);
  }

  /**
   * Something goes wrong from now on: for so long, or until it is healed. `dose` 0…1000 is how bad, 500 unless told; what
   * it means is the kind's own. At every doorbell unless told; what goes wrong at the broker does for all of them.
   * @throws UsageError for a kind that does not exist.
   */
  fault(
    kind: MishapKind,
    { dose = 500, doorbell, ...more }: { for?: Time; dose?: number; doorbell?: SimDoorbell } = {},
  ): Trouble {
    if (!MISHAP_KINDS.includes(kind)) {
      const near = nearest(kind, MISHAP_KINDS);
      throw new UsageError(`there is no fault ${kind}${near ? `; did you mean ${near}?` : ""}`);
    }
    const forMs = more.for === undefined ? null : inMs(more.for, "for", 1);
    const isShared = kind.startsWith("broker.");
    const all = isShared ? this.#doorbells.slice(0, 1) : doorbell ? [doorbell] : this.#doorbells;
    const ends = all.map(({ number }) => this.#begin(number, kind, dose));
    let isOver = false;
    const trouble: Trouble = {
      kind,
      heal: () => {
        if (isOver) return;
        isOver = true;
        this.#open = this.#open.filter((one) => one.trouble !== trouble);
        for (const end of ends) end();
      },
    };
    if (forMs === null) this.#open.push({ trouble, doorbell: doorbell?.number ?? -1 });
    else this.#world.after(forMs, () => trouble.heal());
    return trouble;
  }

  /** Everything that went wrong without an end is over. */
  heal(): void {
    for (const { trouble } of [...this.#open]) trouble.heal();
  }

  /**
   * Heals everything, lets time pass until all has arrived that can, leaves the agents running or has them stopped, and
   * checks what must hold in every world. Answers what was violated: nothing, if the agent is right.
   */
  settle({ end = "running" }: { end?: "running" | "stopped" } = {}): readonly Violation[] {
    const scenes = this.#built();
    this.heal();
    let evidence: Evidence[] = [];
    try {
      evidence = settle(this.#world, scenes, end === "running");
    } catch (error) {
      this.#violations.push({
        checker: "crash",
        detail: error instanceof Error ? `${error.stack}` : String(error),
      });
    }
    for (const one of evidence) this.#violations.push(...violationsOf(one, scenes.length > 1));
    return this.#violations;
  }

  /** What was violated, as far as `settle` has looked. */
  violations(): readonly Violation[] {
    return this.#violations;
  }

  /** The world's fingerprint so far: the same seed and the same deeds have the same on every machine. */
  fingerprint(): string {
    return this.#world.trace.fingerprint();
  }

  #begin(number: number, kind: MishapKind, dose: number): () => void {
    const end = beginMishap(this.#sceneOf(number), { kind, dose });
    // Nobody switches a light off that has no power.
    if (kind === "power.cut") this.#see(number, { what: "light", pattern: "off" });
    return end;
  }

  #see(doorbell: number, sight: Parameters<ConstructorParameters<typeof Witness>[0]>[0]): void {
    this.#seen.push({ atMs: this.nowMs, doorbell, ...sight });
  }

  #sceneOf(number: number): Scene {
    const scene = this.#built()[number];
    if (!scene) throw new RangeError(`there is no doorbell ${number}`);
    return scene;
  }

  #built(): Scene[] {
    if (this.#scenes) return this.#scenes;
    if (this.#planned.length === 0) throw new UsageError("a world needs a doorbell: world.doorbell()");
    const { seed, shard, tamper = (ports) => ports } = this.#options;
    nameThem(this.#planned);
    const story = { seed, shard, durationMs: 0, finallyRunning: true, doorbells: this.#planned };
    const scenes = buildScenes(this.#world, story, tamper);
    this.#scenes = scenes;
    for (const [number, { ledger, doorbell }] of scenes.entries()) {
      ledger.watch = new Witness((sight) => this.#see(number, sight));
      this.#world.after(0, () => doorbell.start());
    }
    // Whoever pushes a button at once finds it powered.
    this.runUntil(0);
    return scenes;
  }
}

/** Each doorbell has a name of its own on the wire: those that were not given one are counted. */
function nameThem(planned: readonly DoorbellStory[]): void {
  if (planned.length === 1) return;
  const names = new Set<string>();
  for (const [number, { settings }] of planned.entries()) {
    if (settings.device.id === "front-door") settings.device.id = `door-${String(number).padStart(6, "0")}`;
    if (names.has(settings.device.id)) throw new UsageError(`two doorbells are called ${settings.device.id}`);
    names.add(settings.device.id);
  }
}
