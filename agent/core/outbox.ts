import type {
  Lane,
  LaneTotals,
  OutboxPosition,
  OutboxRow,
  SequenceRange,
  StoreAppended,
  StoreAppendFailed,
  StoreDropped,
  StoreFailed,
  StoreSettled,
} from "../../device/ports/store.ts";
import { clearTimer, setTimer, timerRuns } from "./timers.ts";
import { act, count, countAndSay, say, type Turn } from "./turn.ts";

/**
 * Messages that have not been settled. Their rows are in the store; here are only those that are not durable yet,
 * or cannot be, and what the bounds need.
 */
export interface OutboxState {
  /** `memory`: there is no disk to keep them on. */
  store: "opening" | "durable" | "memory";
  /** Last numbers given out in this epoch. */
  last: { press: number; event: number };
  totals: { press: LaneTotals; event: LaneTotals };
  unsaved: UnsavedRow[];
  /** Given up, and not yet told. */
  undeclared: Undeclared[];
  /** Who asked for the pages that are under way. */
  asked: Record<Lane, PageAsker[]>;
  /** The disk's last failure was told. */
  trouble: boolean;
  /** Number of the event that tells that the outbox before was set aside, until it is durable or settled. */
  setAsideToldBy: number | null;
}

export interface UnsavedRow {
  row: OutboxRow;
  /** The store refused it: it lives only here. */
  failed: boolean;
  /** The connection it was sent on; 0 for none. */
  sentOn: number;
  /** The clip whose end it tells. */
  announces: string | null;
}

export interface Undeclared extends SequenceRange {
  messages: number;
}

/** Whose question a page answers. */
export type PageAsker = "pass" | "eviction";

const RETRY_MS = 30_000;
const DECLARE_AFTER_MS = 1_000;

export function newOutbox(): OutboxState {
  return {
    store: "opening",
    last: { press: 0, event: 0 },
    totals: { press: { rows: 0, bytes: 0 }, event: { rows: 0, bytes: 0 } },
    unsaved: [],
    undeclared: [],
    asked: { press: [], event: [] },
    trouble: false,
    setAsideToldBy: null,
  };
}

/** Takes a new row in and starts to make it durable. It is sent by whoever looks at `unsaved` and the store. */
export function addRow(turn: Turn, row: OutboxRow, announces: string | null): void {
  const { outbox } = turn.state;
  outbox.unsaved.push({ row, failed: outbox.store === "memory", sentOn: 0, announces });
  if (outbox.store === "memory") keepMemoryBound(turn);
  else act(turn, { type: "store.append", row });
}

/** The store is open: what was recorded so far is on its way to it already. */
export function outboxOpened(turn: Turn, totals: OutboxState["totals"]): void {
  const { outbox } = turn.state;
  outbox.store = "durable";
  outbox.totals = totals;
}

/** There is no store in this run: everything lives in memory. */
export function outboxInMemory(turn: Turn): void {
  const { outbox } = turn.state;
  outbox.store = "memory";
  for (const unsaved of outbox.unsaved) unsaved.failed = true;
  keepMemoryBound(turn);
}

/** The row is durable. Answers what was known of it while it was not. */
export function rowAppended(turn: Turn, input: StoreAppended): UnsavedRow | undefined {
  const { outbox } = turn.state;
  const { lane, sequence } = input;
  if (outbox.trouble) {
    outbox.trouble = false;
    say(turn, "info", "the disk takes messages again");
    saveRefusedRows(turn);
    if (outbox.undeclared.length > 0) setTimer(turn, "outbox.declare", turn.now + DECLARE_AFTER_MS);
  }
  const totals = outbox.totals[lane];
  totals.rows += 1;
  totals.bytes += input.bytes;
  const saved = outbox.unsaved.find((one) => one.row.lane === lane && one.row.sequence === sequence);
  outbox.unsaved = outbox.unsaved.filter((one) => one !== saved);
  if (lane === "event" && sequence === outbox.setAsideToldBy) setAsideTold(turn);
  if (saved && lane === "press") count(turn, "press.durable");
  return saved;
}

/** The disk did not take the row: it stays in memory and is tried again later. */
export function appendFailed(turn: Turn, input: StoreAppendFailed): void {
  const { outbox } = turn.state;
  const failed = outbox.unsaved.find(
    (one) => one.row.lane === input.lane && one.row.sequence === input.sequence,
  );
  if (failed) failed.failed = true;
  count(turn, "outbox.appendFailures");
  if (!outbox.trouble) {
    outbox.trouble = true;
    say(turn, "error", `the disk does not take messages: ${input.detail}`, { fault: input.fault });
  }
  keepMemoryBound(turn);
  if (outbox.store === "durable" && !timerRuns(turn, "outbox.retry")) {
    setTimer(turn, "outbox.retry", turn.now + RETRY_MS);
  }
}

/** Tries once more to make durable what the disk refused. */
export function saveRefusedRows(turn: Turn): void {
  const { outbox } = turn.state;
  if (outbox.store !== "durable") return;
  for (const unsaved of outbox.unsaved) {
    if (!unsaved.failed) continue;
    unsaved.failed = false;
    act(turn, { type: "store.append", row: unsaved.row });
  }
}

/** These need no more delivery: they leave the memory and the store. */
export function settle(turn: Turn, ranges: SequenceRange[]): void {
  const { outbox, lifecycle } = turn.state;
  const settled = isIn(ranges);
  // A clip's end is told once its event is delivered, durable or not.
  for (const { row, announces } of outbox.unsaved) {
    if (announces && settled(row)) act(turn, { type: "clip.mark-announced", clipId: announces });
  }
  outbox.unsaved = outbox.unsaved.filter(({ row }) => !settled(row));
  forgetRead(turn, settled);
  if (outbox.store !== "memory") act(turn, { type: "store.settle", ranges });
  const { setAsideToldBy: sequence } = outbox;
  if (sequence !== null && settled({ epoch: lifecycle.epoch, lane: "event", sequence })) setAsideTold(turn);
}

export function rowsSettled(turn: Turn, input: StoreSettled): void {
  turn.state.outbox.totals = input.totals;
}

/**
 * Gives stored rows up for good. Until that is durable they are delivered as before: a power cut would bring them back
 * behind what had overtaken them.
 */
export function dropRows(turn: Turn, ranges: SequenceRange[]): void {
  act(turn, { type: "store.drop", ranges });
}

export function rowsDropped(turn: Turn, input: StoreDropped): void {
  turn.state.outbox.totals = input.totals;
  forgetRead(turn, isIn(input.ranges));
}

export function storeFailed(turn: Turn, input: StoreFailed): void {
  countAndSay(turn, `outbox.${input.operation}Failures`, `the store failed to ${input.operation}`, {
    fault: input.fault,
    detail: input.detail,
  });
}

/** The event of this number tells that the outbox before was set aside: a start after this one need not, once it lasts. */
export function tellsSetAside(turn: Turn, sequence: number): void {
  turn.state.outbox.setAsideToldBy = sequence;
}

/** The next start tells it once more. */
export function setAsideNotNoted(turn: Turn, { fault, detail }: StoreFailed): void {
  countAndSay(turn, "outbox.noteFailures", "the store cannot note that it was told what was set aside", {
    fault,
    detail,
  });
}

function setAsideTold(turn: Turn): void {
  turn.state.outbox.setAsideToldBy = null;
  act(turn, { type: "store.set-aside-told" });
}

type Numbered = Pick<OutboxRow, "epoch" | "lane" | "sequence">;

function isIn(ranges: readonly SequenceRange[]): (row: Numbered) => boolean {
  return ({ epoch, lane, sequence }) =>
    ranges.some(
      (range) =>
        range.epoch === epoch && range.lane === lane && range.from <= sequence && sequence <= range.to,
    );
}

/** They need not be sent, though they were read. */
function forgetRead(turn: Turn, isGone: (row: Numbered) => boolean): void {
  for (const own of [turn.state.delivery.press, turn.state.delivery.event])
    if (own.rows.some(isGone)) own.rows = own.rows.filter((row) => !isGone(row));
}

/** Asks for rows of the store, for a pass of the delivery or for an eviction. Answers come in the order of asking. */
export function askForPage(
  turn: Turn,
  asker: PageAsker,
  lane: Lane,
  after: OutboxPosition | null,
  limit: number,
): void {
  turn.state.outbox.asked[lane].push(asker);
  act(turn, { type: "store.page", lane, after, limit });
}

/** A page of the lane is answered, or has failed: who asked for it. */
export function pageAnswered(turn: Turn, lane: Lane): PageAsker | undefined {
  return turn.state.outbox.asked[lane].shift();
}

/** Messages of every kind that wait, on the disk or in memory. */
export function waitingRows(turn: Turn): { rows: number; bytes: number } {
  const { totals, unsaved } = turn.state.outbox;
  return {
    rows: totals.press.rows + totals.event.rows + unsaved.length,
    bytes: unsaved.reduce((sum, { row }) => sum + row.body.length, totals.press.bytes + totals.event.bytes),
  };
}

/**
 * Rows that the disk does not take are few: the oldest other event goes first, then the oldest press. What declares
 * a drop stays: it is made only when it can leave at once.
 */
function keepMemoryBound(turn: Turn): void {
  const { outbox, settings } = turn.state;
  for (;;) {
    const failed = outbox.unsaved.filter((one) => one.failed && one.row.eventType !== "drop");
    if (failed.length <= settings.outbox.memoryRows) return;
    const victim = failed.find((one) => one.row.lane === "event") ?? failed[0];
    outbox.unsaved = outbox.unsaved.filter((one) => one !== victim);
    if (!victim) return;
    const { epoch, lane, sequence } = victim.row;
    giveUp(turn, { epoch, lane, from: sequence, to: sequence });
  }
}

/** Remembers a gap until it is declared; gaps side by side become one. */
function giveUp(turn: Turn, range: SequenceRange): void {
  const { outbox } = turn.state;
  const messages = range.to - range.from + 1;
  count(turn, "outbox.dropped", messages);
  const before = outbox.undeclared.find(
    (gap) => gap.epoch === range.epoch && gap.lane === range.lane && gap.to + 1 === range.from,
  );
  if (before) {
    before.to = range.to;
    before.messages += messages;
  } else {
    outbox.undeclared.push({ ...range, messages });
  }
  if (!timerRuns(turn, "outbox.declare")) setTimer(turn, "outbox.declare", turn.now + DECLARE_AFTER_MS);
}

/** Takes the gaps that are to be declared now. */
export function takeUndeclared(turn: Turn): Undeclared[] {
  const { outbox } = turn.state;
  const gaps = outbox.undeclared;
  outbox.undeclared = [];
  clearTimer(turn, "outbox.declare");
  return gaps;
}
