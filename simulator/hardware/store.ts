import type {
  Lane,
  OutboxPosition,
  OutboxRow,
  SequenceRange,
  Store,
  StoreFault,
  StoreInput,
} from "../../device/ports/store.ts";
import type { Chance } from "../world/chance.ts";
import type { DeviceTime } from "../world/device-time.ts";
import { type OutboxDisk, rowBytes } from "./outbox-disk.ts";

type Operation =
  | { kind: "open"; epoch: string }
  | { kind: "append"; row: OutboxRow }
  | { kind: "settle"; ranges: SequenceRange[] }
  | { kind: "drop"; ranges: SequenceRange[] }
  | { kind: "page"; lane: Lane; after: OutboxPosition | null; limit: number }
  | { kind: "set-aside-told" };

/** Rows that one transaction takes at most, as a store does that commits in groups. */
const GROUP = 32;

/**
 * The outbox of one power-on over an `OutboxDisk`. Operations take virtual time, one transaction after another:
 * what is appended is durable when its transaction ends, and is answered a little later. At a power cut the
 * transaction under way is on the disk whole or not at all, answered or not; what waited behind it is gone; and of the
 * settles since the last append or drop some may come undone, the newest first, though they were answered.
 */
export class SimulatedStore implements Store {
  readonly #time: DeviceTime;
  readonly #disk: OutboxDisk;
  readonly #chance: Chance;
  readonly #giveUpClip: () => number | null;
  readonly #waiting: Operation[] = [];
  #underWay: Operation[] = [];
  #post: ((input: StoreInput) => void) | null = null;
  #open = false;
  #answersAtMs = 0;
  #whenDone: (() => void) | null = null;

  /** @param giveUpClip frees room on a full disk: answers the bytes, or null when there is no clip to give up. */
  constructor(time: DeviceTime, disk: OutboxDisk, chance: Chance, giveUpClip: () => number | null = noClips) {
    this.#time = time;
    this.#disk = disk;
    this.#chance = chance;
    this.#giveUpClip = giveUpClip;
  }

  start(post: (input: StoreInput) => void): void {
    this.#post = post;
  }

  open(epoch: string): void {
    this.#enqueue({ kind: "open", epoch });
  }

  append(row: OutboxRow): void {
    this.#enqueue({ kind: "append", row });
  }

  settle(ranges: SequenceRange[]): void {
    this.#enqueue({ kind: "settle", ranges });
  }

  drop(ranges: SequenceRange[]): void {
    this.#enqueue({ kind: "drop", ranges });
  }

  setAsideTold(): void {
    this.#enqueue({ kind: "set-aside-told" });
  }

  page(lane: Lane, after: OutboxPosition | null, limit: number): void {
    this.#enqueue({ kind: "page", lane, after, limit });
  }

  /** Nothing is posted any more. Resolves when everything that was asked for is done, and durable. */
  stop(): Promise<void> {
    this.#post = null;
    return new Promise((resolve) => {
      this.#whenDone = () => {
        this.#disk.sync();
        resolve();
      };
      if (this.isIdle) this.#whenDone();
    });
  }

  /** Nothing is under way and nothing waits. */
  get isIdle(): boolean {
    return this.#underWay.length === 0 && this.#waiting.length === 0;
  }

  /** The power is gone: chance says whether the transaction under way reached the disk, and which settles did. */
  powerCut(): void {
    this.processKilled();
    const recent = this.#disk.unsyncedSettles;
    if (recent > 0) this.#disk.undoSettles(this.#chance.int(0, recent));
    if (this.#disk.toldUnsynced && this.#chance.happens(500)) this.#disk.undoTold();
  }

  /** The process is gone and the machine goes on: as at a power cut, but what the kernel was given stays. */
  processKilled(): void {
    this.#post = null;
    this.#waiting.length = 0;
    const last = this.#underWay;
    this.#underWay = [];
    if (this.#disk.fault !== null || !this.#chance.happens(500)) return;
    for (const operation of last) this.#perform(operation);
  }

  #enqueue(operation: Operation): void {
    this.#waiting.push(operation);
    if (this.#underWay.length === 0) this.#begin();
  }

  #begin(): void {
    const next = this.#waiting.shift();
    if (!next) {
      this.#whenDone?.();
      return;
    }
    this.#underWay = [next];
    while (next.kind === "append" && this.#waiting[0]?.kind === "append" && this.#underWay.length < GROUP) {
      this.#underWay.push(this.#waiting.shift() as Operation);
    }
    const wellMs = next.kind === "page" ? this.#chance.int(0, 2) : this.#chance.int(1, 8);
    if (this.#disk.slowness > 1) this.#disk.onSlow();
    this.#time.after(wellMs * this.#disk.slowness, () => this.#commit());
  }

  #commit(): void {
    const group = this.#underWay;
    this.#underWay = [];
    const answers = group.flatMap((operation) => this.#perform(operation));
    if (group[0]?.kind !== "page") this.#disk.onCommit();
    // The answer crosses from the disk's thread to the loop: in order, and not at once.
    this.#answersAtMs = Math.max(this.#answersAtMs, this.#time.monotonicMs() + this.#chance.int(0, 1));
    this.#time.after(this.#answersAtMs - this.#time.monotonicMs(), () => {
      for (const answer of answers) this.#post?.(answer);
    });
    this.#begin();
  }

  #perform(operation: Operation): StoreInput[] {
    const occurredAt = this.#time.monotonicMs();
    const fault = this.#faultFor(operation);
    if (fault !== null) return [refusal(operation, fault, occurredAt)];
    const disk = this.#disk;
    switch (operation.kind) {
      case "open":
        this.#open = true;
        return [{ type: "store.opened", occurredAt, ...disk.begin(operation.epoch), totals: disk.totals() }];
      case "append": {
        const { lane, sequence } = operation.row;
        return [{ type: "store.appended", occurredAt, lane, sequence, bytes: disk.append(operation.row) }];
      }
      case "settle":
        disk.settle(operation.ranges);
        return [{ type: "store.settled", occurredAt, totals: disk.totals() }];
      case "drop": {
        const { ranges } = operation;
        disk.drop(ranges);
        return [{ type: "store.dropped", occurredAt, ranges, totals: disk.totals() }];
      }
      case "set-aside-told":
        disk.setAsideTold();
        return [];
      case "page": {
        const { lane, after, limit } = operation;
        return [{ type: "store.page", occurredAt, lane, ...disk.page(lane, after, limit) }];
      }
    }
  }

  /** A full disk still gives room back, and takes it from clips; a read-only one can be read; one that fails does nothing. */
  #faultFor(operation: Operation): StoreFault | null {
    const { fault } = this.#disk;
    if (operation.kind !== "open" && !this.#open) return "io";
    if (operation.kind !== "open" && this.#disk.isCorrupt) return "corrupt";
    if (operation.kind === "append" && !this.#disk.knows(operation.row.epoch)) return "io";
    if (fault === "full") {
      if (operation.kind === "append") return this.#findsRoom(operation.row) ? null : fault;
      return operation.kind === "open" ? fault : null;
    }
    if (fault === "read-only") return operation.kind === "page" ? null : fault;
    return fault;
  }

  #findsRoom(row: OutboxRow): boolean {
    const bytes = rowBytes(row);
    while (this.#disk.freeBytes < bytes) {
      const freed = this.#giveUpClip();
      if (freed === null) return false;
      this.#disk.freeBytes += freed;
    }
    this.#disk.freeBytes -= bytes;
    return true;
  }
}

function noClips(): null {
  return null;
}

function refusal(operation: Operation, fault: StoreFault, occurredAt: number): StoreInput {
  const detail = `simulated: ${fault}`;
  switch (operation.kind) {
    case "open":
      return { type: "store.unavailable", occurredAt, fault, detail };
    case "append": {
      const { lane, sequence } = operation.row;
      return { type: "store.append-failed", occurredAt, lane, sequence, fault, detail };
    }
    default: {
      const lane = operation.kind === "page" ? operation.lane : null;
      return { type: "store.failed", occurredAt, operation: operation.kind, lane, fault, detail };
    }
  }
}
