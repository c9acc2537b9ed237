import type { EventFacts } from "./evidence.ts";

interface Wire extends Omit<EventFacts, "monotonicMs"> {
  monotonicms: string;
}

/** More than a town's worlds hold at one time, as long as they are of a day or so. */
const MOST_KNOWN = 16_384;
/** The same body is read where it is sent, where it arrives and, at the end of its world, where it is judged. */
const known = new Map<string, EventFacts>();

/** A world is over: its bodies will not come again, and the next one's memory is its own. */
export function forgetEvents(): void {
  known.clear();
}

/** Reads a CloudEvent of ours. Throws a SyntaxError when it is not JSON. */
export function readEvent(body: string): EventFacts {
  const before = known.get(body);
  if (before) return before;
  if (known.size >= MOST_KNOWN) known.clear();
  const event = parse(body);
  known.set(body, event);
  return event;
}

function parse(body: string): EventFacts {
  const { id, epoch, lane, sequence, type, monotonicms, data } = JSON.parse(body) as Wire;
  const shortType = type.slice(type.lastIndexOf(".") + 1);
  return { id, epoch, lane, sequence, type: shortType, monotonicMs: Number(monotonicms), data };
}
