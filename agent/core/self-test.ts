import type { StoreAppended } from "../../device/ports/store.ts";
import type { CommandResult } from "../contract/commands.ts";
import type { ReceiptMessage } from "../contract/messages.ts";
import { type Begun, finishCommand, refusedAs } from "./command-ends.ts";
import type { UnderWay } from "./commands-state.ts";
import { recordEvent } from "./events.ts";
import type { Turn } from "./turn.ts";

/** Records an event like any other but for its type, so that no bell takes it for a press. */
export function beginSelfTest(turn: Turn, requestId: string): Begun {
  const { outbox } = turn.state;
  if (outbox.store === "memory")
    return refusedAs("unavailable", "nothing can be stored: it would go with the power");
  const eventId = recordEvent(turn, "self-test", turn.now, { requestId });
  const { event: sequence } = outbox.last;
  return {
    kind: "waits",
    waits: { for: "event", eventId, sequence, storedMs: null, publishedMs: null, receivedMs: null },
  };
}

/** The event of a self-test is durable. */
export function testStored(turn: Turn, { lane, sequence }: StoreAppended): void {
  const request = lane === "event" ? findTest(turn, sequence) : undefined;
  if (request?.waits.for !== "event") return;
  request.waits.storedMs ??= turn.now - request.sinceMs;
  settleTest(turn, request);
}

/** The broker has it. */
export function testPublished(turn: Turn, sequence: number): void {
  const request = findTest(turn, sequence);
  if (request?.waits.for !== "event") return;
  request.waits.publishedMs ??= turn.now - request.sinceMs;
  settleTest(turn, request);
}

/** The consumer says what it has stored of this epoch. */
export function testReceived(turn: Turn, { event }: ReceiptMessage): void {
  if (turn.state.settings.uplink.settle !== "receipt") return;
  for (const request of turn.state.commands.underWay) {
    const { waits } = request;
    if (waits.for !== "event") continue;
    if (!event.some(([from, to]) => from <= waits.sequence && waits.sequence <= to)) continue;
    // What a consumer has stored, a broker has passed on.
    waits.publishedMs ??= turn.now - request.sinceMs;
    waits.receivedMs ??= turn.now - request.sinceMs;
    settleTest(turn, request);
  }
}

function settleTest(turn: Turn, request: UnderWay): void {
  const { waits } = request;
  if (waits.for !== "event" || waits.storedMs === null || waits.publishedMs === null) return;
  const { settle } = turn.state.settings.uplink;
  const settledMs = settle === "receipt" ? waits.receivedMs : waits.publishedMs;
  if (settledMs === null) return;
  const { eventId, storedMs, publishedMs } = waits;
  const result: CommandResult<"self-test"> = { eventId, settledBy: settle, storedMs, publishedMs, settledMs };
  finishCommand(turn, request, { kind: "done", result });
}

function findTest(turn: Turn, sequence: number): UnderWay | undefined {
  return turn.state.commands.underWay.find(
    ({ waits }) => waits.for === "event" && waits.sequence === sequence,
  );
}
