import type { Lane, OutboxPosition, SequenceRange, StoredRow, StorePage } from "../../device/ports/store.ts";
import { countDropped, DROP_MAX_BYTES, type Drop, declarationsOf, declare } from "./drops.ts";
import { askForPage, dropRows } from "./outbox.ts";
import { utcAt } from "./time.ts";
import { setTimer } from "./timers.ts";
import { count, say, type Turn } from "./turn.ts";

/**
 * Keeps the outbox within its bounds. What is given up is first declared, durably, and only then removed: a power
 * cut in between declares a gap that is delivered all the same, and never leaves one that nobody declared.
 */
export interface EvictionState {
  /** What is being looked for; null when nothing is. */
  sweep: Sweep | null;
  /** Given up, and removed once all that declares it is durable (or delivered). */
  declared: Declared[];
}

interface Declared {
  /** Numbers of the declarations that are not durable yet. */
  sequences: number[];
  lane: Lane;
  ranges: SequenceRange[];
  rows: number;
  bytes: number;
}

interface Sweep {
  /** `overfull`: the declarations alone are more than their share, and the oldest rows go without one. */
  reason: "budget" | "age" | "overfull";
  lane: Lane;
  after: OutboxPosition | null;
  bytesToFree: number;
  /** 0 while UTC cannot be trusted. */
  olderThanUtcMs: number;
}

const AGE_CHECK_MS = 900_000;
/** A sweep goes this far below the bound, so that the next one is not due at once. */
const EVICT_TO = 0.9;
/** Declarations are all that is left of what they declare: they may take as much again before they go themselves. */
const OVERFULL = 2;
const PAGE_ROWS = 256;

export function newEviction(): EvictionState {
  return { sweep: null, declared: [] };
}

/** To be called whenever the outbox may have grown. Other events go before presses. */
export function keepDiskBound(turn: Turn): void {
  const { eviction, settings } = turn.state;
  const bytes = storedBytes(turn);
  if (eviction.sweep || eviction.declared.length > 0 || bytes <= settings.outbox.maxBytes) return;
  const bytesToFree = bytes - Math.floor(settings.outbox.maxBytes * EVICT_TO);
  begin(turn, { reason: "budget", lane: "event", after: null, bytesToFree, olderThanUtcMs: 0 });
}

/** The store is open; soon after a start, UTC may not be known yet. */
export function checkAgesLater(turn: Turn): void {
  setTimer(turn, "outbox.age", turn.now + AGE_CHECK_MS);
}

/** Looks for messages that are too old. */
export function ageTimerFired(turn: Turn): void {
  const { eviction, outbox, settings, time } = turn.state;
  checkAgesLater(turn);
  if (outbox.store !== "durable" || eviction.sweep || eviction.declared.length > 0) return;
  // An estimated clock may be years off: nothing is thrown away on its word.
  const olderThanUtcMs = time.trust === "synced" ? utcAt(turn, turn.now) - settings.outbox.maxAgeMs : 0;
  begin(turn, { reason: "age", lane: "event", after: null, bytesToFree: 0, olderThanUtcMs });
}

/** The oldest rows, as asked for. */
export function evictionPage(turn: Turn, page: StorePage): void {
  const { sweep } = turn.state.eviction;
  if (!sweep) return;
  const found =
    sweep.reason === "age" ? giveUpOld(turn, sweep, page.rows) : giveUpFirst(turn, sweep, page.rows);
  const last = page.rows.at(-1);
  if (found === "enough") {
    turn.state.eviction.sweep = null;
  } else if (found === "more" && page.more && last) {
    begin(turn, { ...sweep, after: { epochNumber: last.epochNumber, sequence: last.sequence } });
  } else if (sweep.lane === "event") {
    begin(turn, { ...sweep, lane: "press", after: null });
  } else if (
    sweep.reason === "budget" &&
    storedBytes(turn) > turn.state.settings.outbox.maxBytes * OVERFULL
  ) {
    begin(turn, { ...sweep, reason: "overfull", lane: "event", after: null });
  } else {
    turn.state.eviction.sweep = null;
  }
}

/** The store could not be read: the next message, or hour, tries again. */
export function evictionFailed(turn: Turn): void {
  turn.state.eviction.sweep = null;
}

/** A row of this epoch is durable or delivered: if it declares a gap, what it declares may go. */
export function declarationLasts(turn: Turn, lane: Lane, sequence: number): void {
  const { eviction } = turn.state;
  if (lane !== "event" || eviction.declared.length === 0) return;
  for (const one of eviction.declared) one.sequences = one.sequences.filter((other) => other !== sequence);
  const lasting = eviction.declared.filter(({ sequences }) => sequences.length === 0);
  if (lasting.length === 0) return;
  eviction.declared = eviction.declared.filter(({ sequences }) => sequences.length > 0);
  for (const { lane: from, rows, bytes } of lasting) {
    // Until the store has answered: else the same bytes would be asked for once more.
    const totals = turn.state.outbox.totals[from];
    totals.rows = Math.max(0, totals.rows - rows);
    totals.bytes = Math.max(0, totals.bytes - bytes);
  }
  dropRows(
    turn,
    lasting.flatMap(({ ranges }) => ranges),
  );
}

function begin(turn: Turn, sweep: Sweep): void {
  turn.state.eviction.sweep = sweep;
  askForPage(turn, "eviction", sweep.lane, sweep.after, PAGE_ROWS);
}

/** Gives up the first rows of the page. Nothing is won by rows that are no larger than what would declare them. */
function giveUpFirst(turn: Turn, sweep: Sweep, rows: readonly StoredRow[]): "enough" | "nothing" {
  const reason = "budget";
  const needed = sweep.bytesToFree + DROP_MAX_BYTES;
  let bytes = 0;
  const first = rows.filter((row) => {
    if (bytes >= needed) return false;
    bytes += row.body.length;
    return true;
  });
  for (const victims of sweep.reason === "overfull" ? [] : [first, rows]) {
    const drops = declarationsOf(victims, reason);
    if (bytesOf(victims) <= drops.length * DROP_MAX_BYTES) continue;
    giveUp(turn, sweep.lane, victims, drops);
    countRows(turn, victims, reason);
    return "enough";
  }
  if (sweep.reason !== "overfull" || first.length === 0) return "nothing";
  countRows(turn, first, "undeclared");
  say(turn, "error", "messages dropped, and nobody can be told which", { messages: first.length });
  dropRows(turn, rangesOf(first));
  return "enough";
}

/** Gives up the rows of the page that are too old. `nothing`: those after it are younger. */
function giveUpOld(turn: Turn, sweep: Sweep, rows: readonly StoredRow[]): "more" | "nothing" {
  const reason = "age";
  const ages = rows.map((row) => ageOf(turn, sweep, row));
  // Rows are in the order in which they were recorded: what came before an old one is old as well.
  const lastOld = ages.lastIndexOf("old");
  let run: StoredRow[] = [];
  const giveUpRun = () => {
    if (run.length === 0) return;
    giveUp(turn, sweep.lane, run, declarationsOf(run, reason));
    countRows(turn, run, reason);
    run = [];
  };
  for (const row of rows.slice(0, lastOld + 1)) {
    // What declares a gap is small, and all that is left of what it declares.
    if (row.eventType === "drop") giveUpRun();
    else run.push(row);
  }
  giveUpRun();
  return ages.includes("young") ? "nothing" : "more";
}

function giveUp(turn: Turn, lane: Lane, rows: readonly StoredRow[], drops: readonly Drop[]): void {
  const sequences = drops.map((drop) => declare(turn, drop));
  const bytes = bytesOf(rows);
  turn.state.eviction.declared.push({ sequences, lane, ranges: rangesOf(rows), rows: rows.length, bytes });
}

/** By the monotonic clock within this epoch, by UTC where both times of it can be trusted. */
function ageOf(turn: Turn, { olderThanUtcMs }: Sweep, row: StoredRow): "old" | "young" | "unknown" {
  const { lifecycle, settings } = turn.state;
  if (row.epoch === lifecycle.epoch) {
    return turn.now - row.occurredMonotonicMs > settings.outbox.maxAgeMs ? "old" : "young";
  }
  if (row.trust !== "synced" || olderThanUtcMs === 0) return "unknown";
  return row.occurredUtcMs < olderThanUtcMs ? "old" : "young";
}

function countRows(turn: Turn, rows: readonly StoredRow[], why: string): void {
  count(turn, "outbox.dropped", rows.length);
  for (const lane of ["press", "event"] as const) {
    const messages = rows.filter((row) => row.lane === lane).length;
    if (messages > 0) countDropped(turn, lane, why, messages);
  }
}

function bytesOf(rows: readonly StoredRow[]): number {
  return rows.reduce((sum, { body }) => sum + body.length, 0);
}

function storedBytes(turn: Turn): number {
  const { press, event } = turn.state.outbox.totals;
  return press.bytes + event.bytes;
}

/** Exactly these rows, and no number between them that may still wait in memory. */
function rangesOf(rows: readonly StoredRow[]): SequenceRange[] {
  const ranges: SequenceRange[] = [];
  for (const { epoch, lane, sequence } of rows) {
    const last = ranges.at(-1);
    if (last?.epoch === epoch && last.to + 1 === sequence) last.to = sequence;
    else ranges.push({ epoch, lane, from: sequence, to: sequence });
  }
  return ranges;
}
