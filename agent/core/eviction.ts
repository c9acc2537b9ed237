import type { Lane, OutboxPosition, SequenceRange, StoredRow, StorePage } from "../../device/ports/store.ts";
import { recordEvent } from "./events.ts";
import { askForPage, settle } from "./outbox.ts";
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
  /** Declared, and removed once the declaration is durable (or delivered). */
  declared: { sequence: number; range: SequenceRange }[];
}

interface Sweep {
  reason: "budget" | "age";
  lane: Lane;
  after: OutboxPosition | null;
  bytesToFree: number;
  olderThanUtcMs: number;
}

const AGE_CHECK_MS = 900_000;
/** A sweep goes this far below the bound, so that the next one is not due at once. */
const EVICT_TO = 0.9;
const PAGE_ROWS = 256;

export function newEviction(): EvictionState {
  return { sweep: null, declared: [] };
}

/** To be called whenever the outbox may have grown. Other events go before presses. */
export function keepDiskBound(turn: Turn): void {
  const { eviction, outbox, settings } = turn.state;
  const { press, event } = outbox.totals;
  const bytes = press.bytes + event.bytes;
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
  // An estimated clock may be years off: nothing is thrown away on its word.
  if (outbox.store !== "durable" || time.trust !== "synced" || eviction.sweep) return;
  const olderThanUtcMs = utcAt(turn, turn.now) - settings.outbox.maxAgeMs;
  begin(turn, { reason: "age", lane: "event", after: null, bytesToFree: 0, olderThanUtcMs });
}

/** The oldest rows, as asked for. */
export function evictionPage(turn: Turn, page: StorePage): void {
  const { eviction } = turn.state;
  const { sweep } = eviction;
  if (!sweep) return;
  const victims = page.rows.filter((row) => isVictim(sweep, row));
  for (const range of rangesOf(victims)) declare(turn, range, sweep.reason);
  const last = page.rows.at(-1);
  const enough = sweep.reason === "budget" && sweep.bytesToFree <= 0;
  if (page.more && last && !enough && victims.length === 0) {
    begin(turn, { ...sweep, after: { epochNumber: last.epochNumber, sequence: last.sequence } });
  } else if (sweep.lane === "event" && (sweep.reason === "age" || victims.length === 0)) {
    begin(turn, { ...sweep, lane: "press", after: null });
  } else {
    eviction.sweep = null;
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
  const lasting = eviction.declared.filter((one) => one.sequence === sequence);
  if (lasting.length === 0) return;
  eviction.declared = eviction.declared.filter((one) => one.sequence !== sequence);
  settle(
    turn,
    lasting.map(({ range }) => range),
  );
}

function begin(turn: Turn, sweep: Sweep): void {
  turn.state.eviction.sweep = sweep;
  askForPage(turn, "eviction", sweep.lane, sweep.after, PAGE_ROWS);
}

/** What declares a gap is not given up: it is small, and all that is left of what it declares. */
function isVictim(sweep: Sweep, row: StoredRow): boolean {
  if (row.eventType === "drop") return false;
  if (sweep.reason === "age") return row.trust === "synced" && row.occurredUtcMs < sweep.olderThanUtcMs;
  if (sweep.bytesToFree <= 0) return false;
  sweep.bytesToFree -= row.body.length;
  return true;
}

function rangesOf(rows: readonly StoredRow[]): SequenceRange[] {
  const ranges: SequenceRange[] = [];
  for (const { epoch, lane, sequence } of rows) {
    const last = ranges.at(-1);
    if (last?.epoch === epoch && last.to + 1 === sequence) last.to = sequence;
    else ranges.push({ epoch, lane, from: sequence, to: sequence });
  }
  return ranges;
}

function declare(turn: Turn, range: SequenceRange, reason: Sweep["reason"]): void {
  const messages = range.to - range.from + 1;
  count(turn, "outbox.dropped", messages);
  say(turn, "warn", "messages dropped", { ...range, reason });
  recordEvent(turn, "drop", turn.now, { ...range, messages, reason });
  turn.state.eviction.declared.push({ sequence: turn.state.outbox.last.event, range });
}
