import type { StatusMessage } from "../contract/messages.ts";
import { LATE_AFTER_MS } from "../contract/topics.ts";
import type { EventMessage } from "./parse.ts";
import { RangeSet } from "./range-set.ts";
import { MAX_RANGES, Sequence } from "./sequence.ts";

export type Lane = "press" | "event";

/** What a consumer remembers of one epoch of a device. */
export interface EpochRecord {
  lanes: Record<Lane, Sequence>;
  /** Smallest difference seen between the receiver's UTC and the epoch's own clock: that of the quickest message. */
  quickestOffsetMs: number;
  /** What was stored, or came again although it is stored, since the last receipts. */
  due: Record<Lane, RangeSet>;
  /** UTC minus the epoch's own clock, by its newest event with a synced time; null before. */
  synced: { offsetMs: number; monotonicMs: number } | null;
}

/** What a consumer remembers of one device, bounded in epochs: the one that was longest silent is forgotten. */
export class DeviceRecord {
  readonly #maxEpochs: number;
  readonly #epochs = new Map<string, EpochRecord>();
  /** Epochs that a later one has replaced, as far as is known. */
  readonly #replaced = new Set<string>();
  #status: StatusMessage | null = null;

  constructor(maxEpochs: number) {
    this.#maxEpochs = maxEpochs;
  }

  /** The status that holds; null before the first. */
  get status(): StatusMessage | null {
    return this.#status;
  }

  get epochs(): Iterable<[string, EpochRecord]> {
    return this.#epochs;
  }

  has(epoch: string): boolean {
    return this.#epochs.has(epoch);
  }

  find(epoch: string): EpochRecord | undefined {
    return this.#epochs.get(epoch);
  }

  /** The record of an epoch, made when it is not there. */
  epoch(epoch: string): EpochRecord {
    const record = this.#epochs.get(epoch) ?? {
      lanes: { press: new Sequence(), event: new Sequence() },
      quickestOffsetMs: Number.POSITIVE_INFINITY,
      due: { press: new RangeSet(MAX_RANGES), event: new RangeSet(MAX_RANGES) },
      synced: null,
    };
    this.#epochs.delete(epoch);
    if (this.#epochs.size >= this.#maxEpochs) this.#forgetOne();
    this.#epochs.set(epoch, record);
    return record;
  }

  /** A later epoch names this one as the one before it. */
  replaced(epoch: string): void {
    this.#replaced.add(epoch);
    forgetOldest(this.#replaced, this.#maxEpochs);
  }

  /** Takes a status in and says whether it holds: an older epoch or connection never wins. */
  takeStatus(status: StatusMessage): boolean {
    if (this.#isOlder(status)) return false;
    // A will says that its epoch is over, and nothing of which one came after which.
    if (this.#status && this.#status.epoch !== status.epoch && status.state !== "offline")
      this.replaced(this.#status.epoch);
    this.#status = status;
    return true;
  }

  /** The one that was longest silent, of those that owe no receipt if there are any. */
  #forgetOne(): void {
    const [oldest] = this.#epochs.keys();
    const settled = [...this.#epochs].find(([, record]) => !owesReceipt(record));
    this.#epochs.delete(settled?.[0] ?? oldest ?? "");
  }

  #isOlder(status: StatusMessage): boolean {
    const held = this.#status;
    const wasReplaced = this.#replaced.has(status.epoch);
    if (!held) return wasReplaced;
    if (held.epoch === status.epoch) return status.connection < held.connection;
    // Without a store there is no number: then an epoch that is not known as an older one is taken for a newer.
    const known = held.epochNumber > 0 && status.epochNumber > 0;
    if (status.state === "offline") return wasReplaced || (known && status.epochNumber < held.epochNumber);
    // Only who lives says anything else. Where a corrupt store was set aside, starts are counted anew from 1.
    return wasReplaced && !(known && status.epochNumber > held.epochNumber);
  }
}

/** Remembers what an event tells of its epoch's clock. */
export function learnTime(record: EpochRecord, { event, utcMs, monotonicMs }: EventMessage): void {
  if (event.timetrust !== "synced" || monotonicMs < (record.synced?.monotonicMs ?? 0)) return;
  record.synced = { offsetMs: utcMs - monotonicMs, monotonicMs };
}

export function owesReceipt({ due }: EpochRecord): boolean {
  return due.press.top > 0 || due.event.top > 0;
}

/**
 * How old an event is on its arrival. By its time when that is synced; else by how much longer it took than the
 * quickest message of its epoch, which tells of a broker or a link that held it back. NaN, which is too old for any
 * bell, when the receiver does not know its own time.
 */
export function ageMs(message: EventMessage, epoch: EpochRecord, receivedUtcMs: number): number {
  if (!Number.isFinite(receivedUtcMs)) return Number.NaN;
  const offsetMs = receivedUtcMs - message.monotonicMs;
  epoch.quickestOffsetMs = Math.min(epoch.quickestOffsetMs, offsetMs);
  return message.event.timetrust === "synced"
    ? receivedUtcMs - message.utcMs
    : offsetMs - epoch.quickestOffsetMs;
}

/** Whether a bell may ring for it: a press, live, first told, and not older than 30 s. */
export function mayRing(message: EventMessage, age: number, retained: boolean): boolean {
  return message.eventType === "press" && !message.late && !retained && age <= LATE_AFTER_MS;
}

/** Removes what was put in first until at most `max` are left. */
export function forgetOldest(collection: Map<string, unknown> | Set<string>, max: number): void {
  for (const key of collection.keys()) {
    if (collection.size <= max) return;
    collection.delete(key);
  }
}
