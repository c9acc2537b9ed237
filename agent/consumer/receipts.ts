import type { ReceiptMessage } from "../contract/messages.ts";
import type { EpochRecord } from "./device-record.ts";
import type { Range, RangeSet } from "./range-set.ts";

/** `ReceiptMessage` holds no more of each lane. */
const MAX_RANGES = 64;

/** What is stored of an epoch; of each lane the newest ranges when there are more than a receipt holds. */
export function wholeReceipt(epoch: string, { lanes }: EpochRecord): ReceiptMessage {
  const newest = (ranges: Range[]) => ranges.slice(-MAX_RANGES);
  return { epoch, press: newest(lanes.press.storedRanges()), event: newest(lanes.event.storedRanges()) };
}

/**
 * The receipts that an epoch owes. Everything that is stored is said again, which makes up for receipts that were
 * lost; where that is more than one receipt holds, the ranges with something new in them, in as many as it takes.
 */
export function owedReceipts(epoch: string, { lanes, due }: EpochRecord): ReceiptMessage[] {
  const press = owedRanges(lanes.press.storedRanges(), due.press);
  const event = owedRanges(lanes.event.storedRanges(), due.event);
  const receipts: ReceiptMessage[] = [];
  for (let at = 0; at < Math.max(press.length, event.length); at += MAX_RANGES) {
    receipts.push({
      epoch,
      press: press.slice(at, at + MAX_RANGES),
      event: event.slice(at, at + MAX_RANGES),
    });
  }
  return receipts;
}

function owedRanges(stored: Range[], due: RangeSet): Range[] {
  if (stored.length <= MAX_RANGES) return stored;
  return stored.filter(([from, to]) => due.ranges.some((range) => range[0] <= to && from <= range[1]));
}
