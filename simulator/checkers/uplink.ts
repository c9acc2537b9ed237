import type { Checker } from "./evidence.ts";

/** Status, health, and what begins and ends a clip are small and are not held back; packets cost something. */
const SMALL_MESSAGES_BYTES = 12_288;
const TIMER_MS = 250;

/**
 * The uplink keeps its budgets: pauses no longer than they are set, and never more on its way than the largest window
 * allows.
 */
export const uplink: Checker = {
  name: "uplink",
  check({ settings, peakPacedBytes, longestPauseMs }) {
    const wrong: string[] = [];
    const { windowBytes, reconnectMaxMs } = settings.uplink;
    if (peakPacedBytes > windowBytes + SMALL_MESSAGES_BYTES) {
      wrong.push(`${peakPacedBytes} bytes that are no press were on their way; the window is ${windowBytes}`);
    }
    if (longestPauseMs > reconnectMaxMs + TIMER_MS) {
      wrong.push(`it tried again after ${longestPauseMs} ms; the longest pause is ${reconnectMaxMs}`);
    }
    return wrong;
  },
};
