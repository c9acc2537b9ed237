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

/** What is on the card: it survives power cuts, and a tester can make it fail. Every method takes effect at once and whole. */
export class OutboxDisk {
  #epochs: readonly KnownEpoch[] = [];
  readonly #rows: Record<Lane, StoredRow[]> = { press: [], event: [] };
  readonly #bytes: Record<Lane, number> = { press: 0, event: 0 };

  /** Null while it is well. */
  fault: StoreFault | null = null;
  /** Each operation takes this many times as long. */
  slowness = 1;
  /** While it is full: bytes that were given back since then. */
  freeBytes = 0;

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

  /** Records a new epoch; answers its number and its predecessor. */
  begin(epoch: string): { epochNumber: number; previous: PreviousEpoch | null } {
    const before = this.#epochs.at(-1);
    const epochNumber = (before?.epochNumber ?? 0) + 1;
    this.#epochs = this.#epochs.concat({ epoch, epochNumber, lastPress: 0, lastEvent: 0 });
    const previous = before
      ? { epoch: before.epoch, lastPress: before.lastPress, lastEvent: before.lastEvent }
      : null;
    return { epochNumber, previous };
  }

  /** Adds a row, or leaves it when it is there. Answers its size in bytes. Throws for an epoch that never began. */
  append(row: OutboxRow): number {
    const epoch = this.#epochs.findLast((known) => known.epoch === row.epoch);
    if (!epoch) throw new Error(`a row of epoch ${row.epoch}, which was never opened`);
    const number = row.lane === "press" ? "lastPress" : "lastEvent";
    epoch[number] = Math.max(epoch[number], row.sequence);
    const stored = { ...row, epochNumber: epoch.epochNumber };
    const rows = this.#rows[row.lane];
    let at = rows.length;
    while (at > 0 && isAfter(rows[at - 1], stored)) at -= 1;
    const bytes = rowBytes(row);
    const there = rows[at - 1];
    if (there?.epochNumber === stored.epochNumber && there.sequence === row.sequence) return bytes;
    rows.splice(at, 0, stored);
    this.#bytes[row.lane] += bytes;
    return bytes;
  }

  settle(ranges: readonly SequenceRange[]): void {
    for (const range of ranges) {
      this.#remove(
        range.lane,
        (row) => row.epoch === range.epoch && range.from <= row.sequence && row.sequence <= range.to,
      );
    }
  }

  page(lane: Lane, after: OutboxPosition | null, limit: number): { rows: StoredRow[]; more: boolean } {
    const rows = this.#rows[lane];
    const first = after === null ? 0 : rows.findIndex((row) => isAfter(row, after));
    if (first < 0) return { rows: [], more: false };
    return { rows: rows.slice(first, first + limit), more: rows.length > first + limit };
  }

  #remove(lane: Lane, unwanted: (row: StoredRow) => boolean): void {
    this.#rows[lane] = this.#rows[lane].filter((row) => {
      if (!unwanted(row)) return true;
      const bytes = rowBytes(row);
      this.#bytes[lane] -= bytes;
      if (this.fault === "full") this.freeBytes += bytes;
      return false;
    });
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
