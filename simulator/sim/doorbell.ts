import type { EventDataOf, EventType } from "../../agent/contract/events.ts";
import type { LightPattern } from "../../device/ports/light.ts";
import { moveBefore, pushButton } from "../virtual/run.ts";
import type { Scene } from "../virtual/scene.ts";
import { askFor, type PlannedCommand } from "../virtual/wishes.ts";
import type { Seen } from "./seen.ts";
import { inMs, type Time } from "./time.ts";

type SeenAs<K extends Seen["what"]> = Extract<Seen, { what: K }>;

/** An event that the receiver got: `late` when it came on `late/`. */
export interface SimEvent<T extends EventType = EventType> {
  /** World time of its first delivery. */
  atMs: number;
  id: string;
  type: T;
  late: boolean;
  data: EventDataOf<T>;
}

/** What a doorbell needs of its world. */
export interface Place {
  readonly number: number;
  /** Built at the first use; from then on the world has all its doorbells. */
  scene(): Scene;
  seen(): readonly Seen[];
}

const FINGER_MS = 250;
const DOUBLE = { holdMs: 120, pauseMs: 150 };

/**
 * One doorbell of a world: a finger for its button, and everything that was seen of it. What is done happens at the
 * world's present time; what comes of it is there once time has passed.
 */
export class SimDoorbell {
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  /** From 0, in the order in which the world's doorbells were made. */
  get number(): number {
    return this.#place.number;
  }

  /** Its name on the wire. */
  get deviceId(): string {
    return this.#place.scene().deviceId;
  }

  /**
   * A push of the button that begins now: held for `hold` (250 ms unless told). `chatter`: how long a worn contact takes
   * to rest, at both flanks. @throws UsageError when a time makes no sense.
   */
  press({ hold = FINGER_MS, chatter = 0 }: { hold?: Time; chatter?: Time } = {}): void {
    const push = { holdMs: inMs(hold, "hold", 1), chatterMs: inMs(chatter, "chatter") };
    const scene = this.#place.scene();
    pushButton(scene, { atMs: scene.world.nowMs, ...push } as typeof push);
  }

  /** Two pushes, as an impatient person makes them; the second begins 270 ms from now. */
  double(): void {
    const { holdMs, pauseMs } = DOUBLE;
    this.press({ hold: holdMs });
    this.#place.scene().world.after(holdMs + pauseMs, () => this.press({ hold: holdMs }));
  }

  /** Something moves before the camera from now on. @throws UsageError when a time makes no sense. */
  move(motion: { for?: Time; areaPermille?: number; zones?: number[] } = {}): void {
    const { areaPermille = 120, zones = [] } = motion;
    const scene = this.#place.scene();
    const planned = {
      atMs: scene.world.nowMs,
      forMs: inMs(motion.for ?? "10s", "for", 1),
      areaPermille,
      zones,
    };
    moveBefore(scene, planned);
  }

  /** Somebody at the broker asks it for something. */
  ask(command: Pick<PlannedCommand, "name"> & Partial<Omit<PlannedCommand, "atMs">>): void {
    const once = { repeats: 0, everyMs: 1_000, expiresAfterMs: null, elsewhere: false, retained: false };
    askFor(this.#place.scene(), { ...once, ...command });
  }

  /** The device's clock is set by so much, back when it is negative; nobody vouches for it then. */
  stepClock(byMs: number): void {
    this.#place.scene().doorbell.clock?.step(byMs);
  }

  /** A time server answers: the clock is right. */
  syncClock(): void {
    this.#place.scene().doorbell.syncClock();
  }

  /** Whether the device has power and its agent runs. */
  get isOn(): boolean {
    return this.#place.scene().doorbell.powerOn !== null;
  }

  /** Everything that was seen of it, oldest first. */
  get seen(): readonly Seen[] {
    return this.#place.seen().filter(({ doorbell }) => doorbell === this.number);
  }

  /** Events of one type, or all, each once however often it came, in the order of their first delivery. */
  events<T extends EventType>(type: T): SimEvent<T>[];
  events(): SimEvent[];
  events(type?: EventType): SimEvent[] {
    const events = this.#all("event").filter((event) => type === undefined || event.type === type);
    return events.map(({ atMs, id, type, late, data }) => ({ atMs, id, type, late, data }) as SimEvent);
  }

  /** World times at which the chime began. */
  get rings(): number[] {
    return this.#all("ring").map(({ atMs }) => atMs);
  }

  /** Clips that the receiver got to their end. */
  get clips(): SeenAs<"clip">[] {
    return this.#all("clip");
  }

  /** Previews that the receiver got. */
  get snapshots(): SeenAs<"snapshot">[] {
    return this.#all("snapshot");
  }

  /** The last status that the receiver was told; null before the first. */
  get status(): SeenAs<"status">["state"] | null {
    return this.#all("status").at(-1)?.state ?? null;
  }

  /** What the light shows. */
  get light(): LightPattern {
    return this.#all("light").at(-1)?.pattern ?? "off";
  }

  #all<K extends Seen["what"]>(what: K): SeenAs<K>[] {
    return this.seen.filter((one): one is SeenAs<K> => one.what === what);
  }
}
