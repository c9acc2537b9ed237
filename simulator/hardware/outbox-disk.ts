import type {
  Lane,
  LaneTotals,
  OutboxPosition,
  OutboxRow,
  PreviousEpoch,
  SequenceRange,
  StoredRow,
  StoreFault,
} from "../../device/ports/store.ts";

interface KnownEpoch extends PreviousEpoch {
  epochNumber: number;
}

/** Settles that may still come undone. SQLite copies its log, durably, when it is so long, at two pages and more each. */
const MOST_UNSYNCED = 128;

/**
 * What is on the card: it survives power cuts, and a tester can make it fail. Every method takes effect at once and
 * whole. As in SQLite's log under `synchronous=NORMAL`, a settle waits for no disk: it is durable with the next append
 * or start, and until then a power cut may undo it (https://sqlite.org/pragma.html#pragma_synchronous).
 */
export class OutboxDisk {
  #epochs: KnownEpoch[] = [];
  #rows: Record<Lane, StoredRow[]> = { press: [], event: [] };
  #bytes: Record<Lane, number> = { press: 0, event: 0 };
  /** What each settle removed that is not durable yet, oldest first. */
  #unsynced: StoredRow[][] = [];
  #corrupt = false;
  #setAside = 0;
  #untold: string | null = null;
  /** What was untold before that was written down, until that is durable. */
  #untoldBefore: string | null = null;

  /** Null while it is well. */
  fault: StoreFault | null = null;
  /** Each operation takes this many times as long. */
  slowness = 1;
  /** While it is full: bytes that were given back since then. */
  freeBytes = 0;
  /** A tester is told each time something was made durable or forgotten, before that is answered. */
  onCommit: () => void = () => undefined;
  /** The same when an operation takes longer than usual, and when an outbox with these rows is set aside. */
  onSlow: () => void = () => undefined;
  onSetAside: (rows: readonly StoredRow[]) => void = () => undefined;

  /** Everything that is not settled, in order. */
  rows(lane: Lane): readonly StoredRow[] {
    return this.#rows[lane];
  }

  totals(): Record<Lane, LaneTotals> {
    return {
      press: { rows: this.#rows.press.length, bytes: this.#bytes.press },
      event: { rows: this.#rows.event.length, bytes: this.#bytes.event },
    };
  }

  /**
   * Records the epoch, or finds it again; answers its number and its predecessor, and the last outbox that was set aside
   * and not told of. A corrupt outbox is set aside first, with all that it knew.
   */
  begin(epoch: string): {
    epochNumber: number;
    previous: PreviousEpoch | null;
    setAside: string | null;
  } {
    if (this.#corrupt) this.#moveAside();
    this.sync();
    let at = this.#epochs.findIndex((known) => known.epoch === epoch);
    if (at < 0) {
      at = this.#epochs.length;
      const epochNumber = (this.#epochs.at(-1)?.epochNumber ?? 0) + 1;
      this.#epochs.push({ epoch, epochNumber, lastPress: 0, lastEvent: 0 });
    }
    const before = this.#epochs[at - 1];
    const previous = before
      ? { epoch: before.epoch, lastPress: before.lastPress, lastEvent: before.lastEvent }
      : null;
    return { epochNumber: this.#epochs[at]?.epochNumber ?? 1, previous, setAside: this.#untold };
  }

  /** The epoch was opened on this card. */
  knows(epoch: string): boolean {
    return this.#epochs.some((known) => known.epoch === epoch);
  }

  /** Adds a row, or leaves it when it is there. Answers its size in bytes. Throws for an epoch that it does not know. */
  append(row: OutboxRow): number {
    const epoch = this.#epochs.findLast((known) => known.epoch === row.epoch);
    if (!epoch) throw new Error(`a row of epoch ${row.epoch}, which was never opened`);
    this.sync();
    const number = row.lane === "press" ? "lastPress" : "lastEvent";
    epoch[number] = Math.max(epoch[number], row.sequence);
    const stored = { ...row, epochNumber: epoch.epochNumber };
    this.#insert(stored);
    return rowBytes(row);
  }

  settle(ranges: readonly SequenceRange[]): void {
    const removed = this.#removeAll(ranges);
    if (removed.length === 0) return;
    this.#unsynced.push(removed);
    if (this.#unsynced.length > MOST_UNSYNCED) this.#unsynced.shift();
  }

  /** Removes rows durably. */
  drop(ranges: readonly SequenceRange[]): void {
    this.#removeAll(ranges);
    this.sync();
  }

  /** What was set aside has been told of. */
  setAsideTold(): void {
    this.#untoldBefore = this.#untold;
    this.#untold = null;
  }

  /** What was set aside and not told of. */
  get untold(): string | null {
    return this.#untold;
  }

  /** A power cut may undo that what was set aside has been told of. */
  get toldUnsynced(): boolean {
    return this.#untoldBefore !== null;
  }

  /** The power went before that was durable. */
  undoTold(): void {
    this.#untold ??= this.#untoldBefore;
    this.#untoldBefore = null;
  }

  /** Everything is durable, as after an orderly end. */
  sync(): void {
    this.#unsynced = [];
    this.#untoldBefore = null;
  }

  /** Settles that a power cut may undo: the newest first, and none without those after it. */
  get unsyncedSettles(): number {
    return this.#unsynced.length;
  }

  /** The power went before the last `count` settles were durable: their rows are there again. The others now are. */
  undoSettles(count: number): void {
    const undone = this.#unsynced.slice(Math.max(0, this.#unsynced.length - count));
    this.#unsynced = [];
    for (const row of undone.flat()) {
      this.#insert(row);
      if (this.fault === "full") this.freeBytes -= rowBytes(row);
    }
  }

  /** Nothing in it can be read any more: the next start sets it aside. */
  corrupt(): void {
    this.#corrupt = true;
  }

  get isCorrupt(): boolean {
    return this.#corrupt;
  }

  page(lane: Lane, after: OutboxPosition | null, limit: number): { rows: StoredRow[]; more: boolean } {
    const rows = this.#rows[lane];
    const first = after === null ? 0 : rows.findIndex((row) => isAfter(row, after));
    if (first < 0) return { rows: [], more: false };
    return { rows: rows.slice(first, first + limit), more: rows.length > first + limit };
  }

  #moveAside(): void {
    this.onSetAside([...this.#rows.press, ...this.#rows.event]);
    this.#epochs = [];
    this.#rows = { press: [], event: [] };
    this.#bytes = { press: 0, event: 0 };
    this.#corrupt = false;
    this.#setAside += 1;
    this.#untold = `set-aside/${this.#setAside}`;
  }

  #insert(row: StoredRow): void {
    const rows = this.#rows[row.lane];
    let at = rows.length;
    while (at > 0 && isAfter(rows[at - 1], row)) at -= 1;
    const there = rows[at - 1];
    if (there?.epochNumber === row.epochNumber && there.sequence === row.sequence) return;
    rows.splice(at, 0, row);
    this.#bytes[row.lane] += rowBytes(row);
  }

  #removeAll(ranges: readonly SequenceRange[]): StoredRow[] {
    return ranges.flatMap(({ epoch, lane, from, to }) =>
      this.#remove(lane, (row) => row.epoch === epoch && from <= row.sequence && row.sequence <= to),
    );
  }

  #remove(lane: Lane, unwanted: (row: StoredRow) => boolean): StoredRow[] {
    const removed: StoredRow[] = [];
    this.#rows[lane] = this.#rows[lane].filter((row) => {
      if (!unwanted(row)) return true;
      const bytes = rowBytes(row);
      this.#bytes[lane] -= bytes;
      if (this.fault === "full") this.freeBytes += bytes;
      removed.push(row);
      return false;
    });
    return removed;
  }
}

/** What a row takes: its text, as UTF-8. */
export function rowBytes(row: OutboxRow): number {
  return Buffer.byteLength(row.body);
}

function isAfter(row: OutboxPosition | undefined, position: OutboxPosition): boolean {
  if (!row) return false;
  if (row.epochNumber !== position.epochNumber) return row.epochNumber > position.epochNumber;
  return row.sequence > position.sequence;
}
