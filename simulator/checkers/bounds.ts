import type { Checker } from "./evidence.ts";

/** No row is larger than this where a bound is small. */
const ROW_BYTES = 640;
/** Rows that may come while room is being made for those before them: what a slow disk takes in one go. */
const ROOM_FOR_ROWS_UNDER_WAY_BYTES = 32 * ROW_BYTES;

/** The outbox keeps its bounds, on the disk and in memory, and so do the clips. */
export const bounds: Checker = {
  name: "bounds",
  check({ settings, peakOutboxBytes, peakUnsavedRows, peakSpoolBytes }) {
    const wrong: string[] = [];
    const { maxBytes, memoryRows } = settings.outbox;
    // What a disk refused reaches it together, when it takes messages again.
    const atOnceBytes = ROOM_FOR_ROWS_UNDER_WAY_BYTES + peakUnsavedRows * ROW_BYTES;
    if (peakOutboxBytes > maxBytes + atOnceBytes) {
      wrong.push(`the outbox held ${peakOutboxBytes} bytes; its bound is ${maxBytes}`);
    }
    if (peakUnsavedRows > memoryRows) {
      wrong.push(`${peakUnsavedRows} rows that the disk refused were in memory; the bound is ${memoryRows}`);
    }
    if (peakSpoolBytes > settings.spool.maxBytes) {
      wrong.push(`the clips took ${peakSpoolBytes} bytes; their bound is ${settings.spool.maxBytes}`);
    }
    return wrong;
  },
};
