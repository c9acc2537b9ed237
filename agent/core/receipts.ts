import type { Lane, SequenceRange } from "../../device/ports/store.ts";
import { parseReceipt } from "../contract/receipt.ts";
import { receiptCame } from "./delivery.ts";
import { settle } from "./outbox.ts";
import { testReceived } from "./self-test.ts";
import { count, countAndSay, type Turn } from "./turn.ts";

/** The consumer tells what it has stored: that is settled. A receipt that is not one is refused and counted. */
export function receiptArrived(turn: Turn, text: string | null): void {
  const receipt = text === null ? "not UTF-8, or too large" : parseReceipt(text);
  if (typeof receipt === "string") {
    countAndSay(turn, "receipts.refused", `receipt refused: ${receipt}`);
    return;
  }
  count(turn, "receipts.accepted");
  receiptCame(turn);
  const ranges = (["press", "event"] as const).flatMap((lane) =>
    receipt[lane].map(([from, to]) => ({
      epoch: receipt.epoch,
      lane,
      from,
      to: atMost(turn, receipt.epoch, lane, to),
    })),
  );
  const real = ranges.filter((range: SequenceRange) => range.from <= range.to);
  if (real.length > 0) settle(turn, real);
  if (receipt.epoch === turn.state.lifecycle.epoch) testReceived(turn, receipt);
}

/** Nothing that was not given out yet can have been received. */
function atMost(turn: Turn, epoch: string, lane: Lane, to: number): number {
  const { lifecycle, outbox } = turn.state;
  return epoch === lifecycle.epoch ? Math.min(to, outbox.last[lane]) : to;
}
