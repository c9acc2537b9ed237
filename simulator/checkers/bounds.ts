import type { Checker } from "./evidence.ts";

/** Rows that may come while room is being made for those before them: what a slow disk takes in one go. */
const ROWS_UNDER_WAY = 32;
const MOST_ROW_BYTES = 640;

/** The outbox keeps its bounds, on the disk and in memory, and so do the clips. */
export const bounds: Checker = {
  name: "bounds",
  check({ settings, peakOutboxBytes, peakUnsavedRows, peakSpoolBytes }) {
    const wrong: string[] = [];
    const { maxBytes, memoryRows } = settings.outbox;
    // A disk that takes messages again is given at once all that had to wait in memory.
    if (peakOutboxBytes > maxBytes + (ROWS_UNDER_WAY + memoryRows) * MOST_ROW_BYTES) {
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
