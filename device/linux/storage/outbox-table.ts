import type { Database, Statement } from "better-sqlite3";
import type {
  Lane,
  LaneTotals,
  OutboxPosition,
  OutboxRow,
  PreviousEpoch,
  SequenceRange,
  StoredRow,
} from "../../ports/store.ts";
import { StorageFault } from "./faults.ts";

export type Totals = Record<Lane, LaneTotals>;

interface Removed {
  epochNumber: number;
  sequence: number;
  bytes: number;
}

/** Epochs without rows are forgotten after this many further starts. */
const EPOCHS_KEPT = 1_000;
const COLUMNS = `e.epoch AS epoch, epoch_number AS epochNumber, lane, sequence, id, event_type AS eventType, body,
  occurred_monotonic_ms AS occurredMonotonicMs, occurred_utc_ms AS occurredUtcMs, trust, still_of AS stillOf`;
const REMOVED = "RETURNING epoch_number AS epochNumber, sequence, bytes";

/**
 * The outbox in SQLite: statements only, no transactions of its own. Totals are counted once, when it is made,
 * and kept from then on; whoever rolls a transaction back gives them back with `restore`.
 */
export class OutboxTable {
  readonly #sql: ReturnType<typeof statements>;
  #totals: Totals;

  constructor(database: Database) {
    this.#sql = statements(database);
    this.#totals = { press: { rows: 0, bytes: 0 }, event: { rows: 0, bytes: 0 } };
    for (const { lane, rows, bytes } of this.#sql.count.all()) this.#totals[lane] = { rows, bytes };
  }

  /** A copy: rows that are not settled, and the bytes of their bodies. */
  get totals(): Totals {
    return structuredClone(this.#totals);
  }

  restore(totals: Totals): void {
    this.#totals = totals;
  }

  /** Records the epoch, or finds it again. */
  open(epoch: string, startedUtcMs: number): { epochNumber: number; previous: PreviousEpoch | null } {
    this.#sql.addEpoch.run({ epoch, startedUtcMs });
    const epochNumber = this.#numberOf(epoch);
    this.#sql.forgetEpochs.run({ before: epochNumber - EPOCHS_KEPT });
    return { epochNumber, previous: this.#sql.previous.get({ epochNumber }) ?? null };
  }

  /**
   * Adds the row and moves its epoch's last number on; gives the bytes it counts for. A row that is there stays
   * as it is: its append may be repeated when it is not known whether it succeeded.
   */
  append(row: OutboxRow): number {
    const bytes = Buffer.byteLength(row.body);
    const epochNumber = this.#numberOf(row.epoch);
    const { changes } = this.#sql.append.run({ ...row, epochNumber, bytes });
    this.#sql.advance[row.lane].run({ epochNumber, sequence: row.sequence });
    const totals = this.#totals[row.lane];
    totals.rows += changes;
    totals.bytes += changes * bytes;
    return bytes;
  }

  settle(ranges: readonly SequenceRange[]): void {
    for (const range of ranges) this.#uncount(range.lane, this.#sql.settle.all(range));
  }

  page(lane: Lane, after: OutboxPosition | null, limit: number): { rows: StoredRow[]; more: boolean } {
    const from = after ?? { epochNumber: 0, sequence: 0 };
    const rows = this.#sql.page.all({ lane, ...from, limit: limit + 1 });
    return { rows: rows.slice(0, limit), more: rows.length > limit };
  }

  #uncount(lane: Lane, removed: readonly Removed[]): void {
    const totals = this.#totals[lane];
    totals.rows -= removed.length;
    for (const row of removed) totals.bytes -= row.bytes;
  }

  #numberOf(epoch: string): number {
    const found = this.#sql.numberOf.get({ epoch });
    if (!found) throw new StorageFault("io", `epoch ${epoch} was never opened`);
    return found.number;
  }
}

function statements(database: Database) {
  const advance = (column: string) =>
    database.prepare(`UPDATE epochs SET ${column} = max(${column}, @sequence) WHERE number = @epochNumber`);
  const removing = (where: string): Statement<[object], Removed> =>
    database.prepare(`DELETE FROM outbox WHERE lane = @lane AND ${where} ${REMOVED}`);
  return {
    count: database.prepare<[], { lane: Lane } & LaneTotals>(
      "SELECT lane, COUNT(*) AS rows, SUM(bytes) AS bytes FROM outbox GROUP BY lane",
    ),
    addEpoch: database.prepare(
      "INSERT INTO epochs (epoch, started_utc_ms) VALUES (@epoch, @startedUtcMs) ON CONFLICT (epoch) DO NOTHING",
    ),
    numberOf: database.prepare<[object], { number: number }>(
      "SELECT number FROM epochs WHERE epoch = @epoch",
    ),
    epochOf: database.prepare<[object], { epoch: string }>(
      "SELECT epoch FROM epochs WHERE number = @epochNumber",
    ),
    previous: database.prepare<[object], PreviousEpoch>(
      `SELECT epoch, last_press AS lastPress, last_event AS lastEvent FROM epochs
       WHERE number < @epochNumber ORDER BY number DESC LIMIT 1`,
    ),
    forgetEpochs: database.prepare(
      `DELETE FROM epochs WHERE number < @before
       AND NOT EXISTS (SELECT 1 FROM outbox WHERE lane = 'press' AND epoch_number = number)
       AND NOT EXISTS (SELECT 1 FROM outbox WHERE lane = 'event' AND epoch_number = number)`,
    ),
    append: database.prepare(
      `INSERT INTO outbox VALUES (@lane, @epochNumber, @sequence, @id, @eventType, @body, @bytes,
       @occurredMonotonicMs, @occurredUtcMs, @trust, @stillOf) ON CONFLICT DO NOTHING`,
    ),
    advance: { press: advance("last_press"), event: advance("last_event") },
    settle: removing(
      "epoch_number = (SELECT number FROM epochs WHERE epoch = @epoch) AND sequence BETWEEN @from AND @to",
    ),
    page: database.prepare<[object], StoredRow>(
      `SELECT ${COLUMNS} FROM outbox JOIN epochs e ON e.number = epoch_number
       WHERE lane = @lane AND (epoch_number, sequence) > (@epochNumber, @sequence)
       ORDER BY epoch_number, sequence LIMIT @limit`,
    ),
  };
}
