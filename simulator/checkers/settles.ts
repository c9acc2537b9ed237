import type { Checker } from "./evidence.ts";

/** Once the faults are gone, everything is delivered within the bound. */
export const settles: Checker = {
  name: "settles",
  check({ settledAfterMs, settleBoundMs, unsettled }) {
    return settledAfterMs === null
      ? [`not settled ${settleBoundMs} ms after the last fault: ${unsettled}`]
      : [];
  },
};
