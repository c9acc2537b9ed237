import type {
  ConfigurationInput,
  ConfigurationProblem,
  ConfigurationRecord,
  ConfigurationStore,
  WireSettings,
} from "../../device/ports/configuration-store.ts";
import type { Chance } from "../world/chance.ts";
import type { DeviceTime } from "../world/device-time.ts";

/** The record on the card: it survives power cuts, and a tester can make the card refuse. */
export class ConfigurationDisk {
  #text: string | null = null;
  /** It does not take anything. */
  fails = false;
  /** A tester is told of every record that is on the card. */
  onWritten: (record: ConfigurationRecord) => void = () => undefined;

  /** A copy, as whoever starts the agent reads it. Null: nothing ever came over the wire. */
  read(): ConfigurationRecord | null {
    return this.#text === null ? null : JSON.parse(this.#text);
  }

  write(record: ConfigurationRecord): void {
    this.#text = JSON.stringify(record);
    this.onWritten(JSON.parse(this.#text));
  }
}

/**
 * The store of one power-on over a `ConfigurationDisk`. Each operation takes virtual time. At a power cut the record
 * that is being written is on the card whole or not at all, and what waits behind it is gone.
 */
export class SimulatedConfigurationStore implements ConfigurationStore {
  readonly #time: DeviceTime;
  readonly #disk: ConfigurationDisk;
  readonly #chance: Chance;
  readonly #problemsOf: (wire: WireSettings) => ConfigurationProblem[];
  readonly #waiting: (() => ConfigurationInput)[] = [];
  #underWay: (() => ConfigurationInput) | null = null;
  #post: ((input: ConfigurationInput) => void) | null = null;
  #whenDone: (() => void) | null = null;

  constructor(
    time: DeviceTime,
    disk: ConfigurationDisk,
    chance: Chance,
    problemsOf: (wire: WireSettings) => ConfigurationProblem[],
  ) {
    this.#time = time;
    this.#disk = disk;
    this.#chance = chance;
    this.#problemsOf = problemsOf;
  }

  start(post: (input: ConfigurationInput) => void): void {
    this.#post = post;
  }

  check(request: number, wire: WireSettings): void {
    this.#enqueue(() => ({
      type: "configuration.checked",
      occurredAt: this.#time.monotonicMs(),
      request,
      problems: this.#problemsOf(wire),
    }));
  }

  save(record: ConfigurationRecord): void {
    const copy = structuredClone(record);
    this.#enqueue(() => {
      const occurredAt = this.#time.monotonicMs();
      if (this.#disk.fails) return { type: "configuration.save-failed", occurredAt, detail: "simulated" };
      this.#disk.write(copy);
      return { type: "configuration.saved", occurredAt };
    });
  }

  /** Nothing is posted any more. Resolves when everything that was asked for is done. */
  stop(): Promise<void> {
    this.#post = null;
    return new Promise((resolve) => {
      this.#whenDone = resolve;
      if (this.isIdle) resolve();
    });
  }

  get isIdle(): boolean {
    return this.#underWay === null && this.#waiting.length === 0;
  }

  /** The power, or the process, is gone: chance says whether what was under way reached the card. */
  powerCut(): void {
    this.#post = null;
    this.#waiting.length = 0;
    const last = this.#underWay;
    this.#underWay = null;
    if (last && this.#chance.happens(500)) last();
  }

  #enqueue(operation: () => ConfigurationInput): void {
    this.#waiting.push(operation);
    if (this.#underWay === null) this.#begin();
  }

  #begin(): void {
    const next = this.#waiting.shift() ?? null;
    this.#underWay = next;
    if (!next) {
      this.#whenDone?.();
      return;
    }
    this.#time.after(this.#chance.int(1, 8), () => {
      if (this.#underWay !== next) return;
      const answer = next();
      this.#post?.(answer);
      this.#begin();
    });
  }
}
