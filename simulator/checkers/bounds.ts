import type { Checker } from "./evidence.ts";

/** Rows that may come while room is being made for those before them: what a slow disk takes in one go. */
const ROOM_FOR_ROWS_UNDER_WAY_BYTES = 32 * 640;

/** The outbox keeps its bounds, on the disk and in memory, and so do the clips. */
export const bounds: Checker = {
  name: "bounds",
  check({ settings, peakOutboxBytes, peakUnsavedRows, peakSpoolBytes }) {
    const wrong: string[] = [];
    const { maxBytes, memoryRows } = settings.outbox;
    if (peakOutboxBytes > maxBytes + ROOM_FOR_ROWS_UNDER_WAY_BYTES) {
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
