import type {
  Lane,
  OutboxPosition,
  OutboxRow,
  StoredRow,
  StoreFailed,
  StorePage,
} from "../../device/ports/store.ts";
import type { PorchlightEvent } from "../contract/events.ts";
import { LATE_AFTER_MS, topicsOf } from "../contract/topics.ts";
import { askForPage, settle } from "./outbox.ts";
import { utcAt } from "./time.ts";
import { setTimer, timerRuns } from "./timers.ts";
import { count, countAndSay, type Turn } from "./turn.ts";
import { hasRoomFor, inFlight, isReady, messageOn, publish } from "./uplink.ts";

/**
 * Brings the outbox to the broker. Each connection makes a pass over the stored rows, oldest first; what happens
 * meanwhile overtakes it in its own way: presses at once, other events when their lane has caught up.
 */
export interface DeliveryState {
  press: LaneDelivery;
  event: LaneDelivery;
  /** With receipts: passes in a row that brought none. */
  passesWithoutReceipt: number;
}

export interface LaneDelivery {
  /** The stored row up to which this pass has read. */
  cursor: OutboxPosition | null;
  /** Rows that were read and wait for room. */
  rows: StoredRow[];
  /** The store may hold rows after the cursor. */
  more: boolean;
  /** Bytes that the next in turn waits for; 0 when nothing waits. Meanwhile no clip takes the room. */
  needsBytes: number;
  paging: boolean;
  /** The page that is under way was asked for by an earlier pass: its answer is left aside. */
  stale: boolean;
  /** The store could not be read: nothing is asked of it before the next pass, and nothing overtakes what it holds. */
  blocked: boolean;
  /** Numbers of this epoch that were sent out of the pass's order on this connection, as ranges. */
  ahead: [from: number, to: number][];
}

const PAGE_ROWS = 64;
const LAST_SEQUENCE = 2_147_483_647;
/** Topics and what packets cost, of an event and of its still. */
const EVENT_OVERHEAD_BYTES = 256;
const LANES = ["press", "event"] as const;
/** After a refusal by the broker or a failure of the store, the pass is made again. */
const AFTER_FAILURE_MS = 30_000;
const LONGEST_RECEIPT_PAUSE_MS = 3_600_000;

export function newDelivery(): DeliveryState {
  return { press: newLane(), event: newLane(), passesWithoutReceipt: 0 };
}

/** A connection stands: everything that is not settled goes out again. */
export function startPass(turn: Turn): void {
  const { delivery, outbox } = turn.state;
  for (const lane of LANES) {
    const paging = delivery[lane].paging;
    const more = outbox.store === "durable";
    delivery[lane] = { ...newLane(), cursor: passBegins(turn), more, paging, stale: paging };
  }
  for (const unsaved of outbox.unsaved) unsaved.sentOn = 0;
}

/** Sends what may be sent now: presses before everything else. */
export function pumpEvents(turn: Turn): void {
  if (!isReady(turn)) return;
  for (const lane of LANES) {
    turn.state.delivery[lane].needsBytes = 0;
    // Only a live press may overtake what the pass has still to bring.
    if (lane === "press") sendUnsaved(turn, lane, (row) => !isLate(turn, row));
    sendRows(turn, lane);
    if (!isBehind(turn, lane)) sendUnsaved(turn, lane, () => true);
    continuePass(turn, lane);
  }
}

/** Something waits for room, and no clip is to take it. */
export function eventsWait(turn: Turn): boolean {
  const { press, event } = turn.state.delivery;
  return press.needsBytes > 0 || event.needsBytes > 0;
}

export function pageArrived(turn: Turn, input: StorePage): void {
  const own = turn.state.delivery[input.lane];
  own.paging = false;
  if (own.stale || !isReady(turn) || !own.more) {
    own.stale = false;
    return;
  }
  own.rows.push(...input.rows);
  own.more = input.more;
  const last = input.rows.at(-1);
  if (last) own.cursor = { epochNumber: last.epochNumber, sequence: last.sequence };
}

/** The store could not answer, or could not forget what was delivered: the pass is made again later. */
export function passFailed(turn: Turn, failed: StoreFailed): void {
  if (failed.operation === "page" && failed.lane) {
    Object.assign(turn.state.delivery[failed.lane], { paging: false, stale: false, blocked: true });
  }
  passAgainLater(turn);
}

/** A row became durable before it could be sent on this connection: the pass must fetch it. */
export function savedUnsent(turn: Turn, lane: Lane, sequence: number, sentOn: number): void {
  const { lifecycle, uplink } = turn.state;
  if (sentOn === uplink.connection) return;
  const own = turn.state.delivery[lane];
  own.more = true;
  const { cursor } = own;
  if (cursor?.epochNumber !== lifecycle.epochNumber || cursor.sequence < sequence) return;
  own.cursor = { ...cursor, sequence: sequence - 1 };
  own.stale = own.paging;
  // They will be read again.
  own.rows = own.rows.filter((row) => row.epoch !== lifecycle.epoch || row.sequence < sequence);
}

/** The broker has the message. That settles it, unless the consumer's receipt is what counts. */
export function eventAcked(turn: Turn, lane: Lane, epoch: string, sequence: number): void {
  const { outbox, settings } = turn.state;
  const unsaved = outbox.unsaved.some(({ row }) => row.lane === lane && row.sequence === sequence);
  if (lane === "press" && unsaved && epoch === turn.state.lifecycle.epoch) {
    count(turn, "press.settledBeforeDurable");
  }
  if (settings.uplink.settle === "puback") {
    settle(turn, [{ epoch, lane, from: sequence, to: sequence }]);
    return;
  }
  expectReceipt(turn);
}

/** The broker refused a message: it stays in the outbox and is tried again later. */
export function eventRefused(turn: Turn, detail: string): void {
  countAndSay(turn, "uplink.refused", `the broker refused a message: ${detail}`);
  passAgainLater(turn);
}

/** No receipt came, or the broker refused something: what is not settled goes out again. */
export function againTimerFired(turn: Turn): void {
  const { delivery, outbox } = turn.state;
  if (!isReady(turn)) return;
  const waits = outbox.totals.press.rows + outbox.totals.event.rows + outbox.unsaved.length;
  if (waits === 0 && !delivery.press.blocked && !delivery.event.blocked) return;
  delivery.passesWithoutReceipt += 1;
  count(turn, "uplink.passesRepeated");
  startPass(turn);
  expectReceipt(turn);
}

/** A receipt came: the consumer is there. */
export function receiptCame(turn: Turn): void {
  turn.state.delivery.passesWithoutReceipt = 0;
}

function passAgainLater(turn: Turn): void {
  if (!timerRuns(turn, "delivery.again")) setTimer(turn, "delivery.again", turn.now + AFTER_FAILURE_MS);
}

function expectReceipt(turn: Turn): void {
  const { delivery, settings } = turn.state;
  if (settings.uplink.settle !== "receipt" || timerRuns(turn, "delivery.again")) return;
  const pauseMs = settings.uplink.receiptTimeoutMs * 2 ** Math.min(delivery.passesWithoutReceipt, 20);
  setTimer(turn, "delivery.again", turn.now + Math.min(LONGEST_RECEIPT_PAUSE_MS, pauseMs));
}

/** A crash may have come from the backlog: bell-only mode sends only what happened in its own epoch. */
function passBegins(turn: Turn): OutboxPosition | null {
  const { lifecycle } = turn.state;
  if (lifecycle.mode === "normal") return null;
  return { epochNumber: lifecycle.epochNumber - 1, sequence: LAST_SEQUENCE };
}

function newLane(): LaneDelivery {
  return {
    cursor: null,
    rows: [],
    more: false,
    needsBytes: 0,
    paging: false,
    stale: false,
    blocked: false,
    ahead: [],
  };
}

/** Something of the store has still to be sent on this connection. */
function isBehind(turn: Turn, lane: Lane): boolean {
  const { rows, more } = turn.state.delivery[lane];
  return more || rows.length > 0;
}

/** Sends those rows that are not in the store and may go now. Answers false when one must wait for room. */
function sendUnsaved(turn: Turn, lane: Lane, mayGo: (row: OutboxRow) => boolean): boolean {
  const { outbox, uplink, delivery } = turn.state;
  for (const unsaved of outbox.unsaved) {
    if (unsaved.row.lane !== lane || unsaved.sentOn === uplink.connection) continue;
    if (!mayGo(unsaved.row)) continue;
    if (!hasRoom(turn, unsaved.row)) return false;
    unsaved.sentOn = uplink.connection;
    addNumber(delivery[lane].ahead, unsaved.row.sequence);
    send(turn, unsaved.row);
  }
  return true;
}

/** Sends rows of the store, in their order. */
function sendRows(turn: Turn, lane: Lane): void {
  const own = turn.state.delivery[lane];
  let sent = 0;
  for (const row of own.rows) {
    const isOwn = row.epoch === turn.state.lifecycle.epoch;
    if (isOwn && !sendUnsaved(turn, lane, (one) => one.sequence < row.sequence)) break;
    if (mayBeSent(turn, lane, row)) {
      if (!hasRoom(turn, row)) break;
      send(turn, row);
    }
    sent += 1;
  }
  if (sent > 0) own.rows.splice(0, sent);
}

function continuePass(turn: Turn, lane: Lane): void {
  const own = turn.state.delivery[lane];
  if (!own.more || own.blocked || own.paging || own.rows.length > PAGE_ROWS / 2) return;
  own.paging = true;
  askForPage(turn, "pass", lane, own.cursor, PAGE_ROWS);
}

function mayBeSent(turn: Turn, lane: Lane, row: OutboxRow): boolean {
  if (row.epoch !== turn.state.lifecycle.epoch) return true;
  return !turn.state.delivery[lane].ahead.some(([from, to]) => from <= row.sequence && row.sequence <= to);
}

/** A live press goes at once; all else within the window, and never more messages of a sequence than are allowed. */
function hasRoom(turn: Turn, row: OutboxRow): boolean {
  if (inFlight(turn, row.lane) >= turn.state.settings.uplink.windowMessages) return false;
  if (isLive(turn, row)) return true;
  const bytes = row.body.length + stillBytes(row) + EVENT_OVERHEAD_BYTES;
  if (hasRoomFor(turn, bytes)) return true;
  turn.state.delivery[row.lane].needsBytes = bytes;
  return false;
}

function isLive(turn: Turn, row: OutboxRow): boolean {
  return row.lane === "press" && !isLate(turn, row);
}

/** Size of the still that travels before the row, as the row tells it. */
function stillBytes({ stillOf, body }: OutboxRow): number {
  if (stillOf === null) return 0;
  const { data } = JSON.parse(body) as PorchlightEvent<"snapshot">;
  return data.bytes;
}

function send(turn: Turn, row: OutboxRow): void {
  const topics = topicsOf(turn.state.settings.device.id);
  if (row.stillOf !== null) {
    publish(
      turn,
      { kind: "still", eventId: row.stillOf, bytes: stillBytes(row) },
      messageOn("snapshot", topics.snapshot(row.stillOf), { kind: "still", eventId: row.stillOf }),
    );
  }
  const late = isLate(turn, row);
  if (late) count(turn, "uplink.late");
  publish(
    turn,
    { kind: "event", lane: row.lane, epoch: row.epoch, sequence: row.sequence, live: isLive(turn, row) },
    messageOn(late ? "late" : "event", topics.event(row.eventType, late), { kind: "text", text: row.body }),
  );
}

/** An age that cannot be known counts as late: nothing may ring on a guess. */
function isLate(turn: Turn, row: OutboxRow): boolean {
  const { lifecycle, time } = turn.state;
  if (row.epoch === lifecycle.epoch) return turn.now - row.occurredMonotonicMs > LATE_AFTER_MS;
  if (row.trust !== "synced" || time.trust !== "synced") return true;
  const ageMs = utcAt(turn, turn.now) - row.occurredUtcMs;
  return ageMs < 0 || ageMs > LATE_AFTER_MS;
}

function addNumber(ranges: [from: number, to: number][], number: number): void {
  const last = ranges.at(-1);
  if (last && last[1] + 1 === number) last[1] = number;
  else ranges.push([number, number]);
}
