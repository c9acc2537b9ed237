import type { EventFacts } from "./evidence.ts";

interface Wire extends Omit<EventFacts, "monotonicMs"> {
  monotonicms: string;
}

/** Reads a CloudEvent of ours. Throws a SyntaxError when it is not JSON. */
export function readEvent(body: string): EventFacts {
  const { id, epoch, lane, sequence, type, monotonicms, data } = JSON.parse(body) as Wire;
  const shortType = type.slice(type.lastIndexOf(".") + 1);
  return { id, epoch, lane, sequence, type: shortType, monotonicMs: Number(monotonicms), data };
}
