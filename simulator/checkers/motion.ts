import { readEvent } from "./event-facts.ts";
import { type Checker, type EventFacts, type Evidence, type PowerOn, worldMsOf } from "./evidence.ts";

/** An agent that is stopping looks at nothing any more. */
const STOPPING_MS = 5_000;
/** Times of a quartz that is not exact are rounded. */
const ROUNDED_MS = 2;

/**
 * What moves is told once when it starts and once when it ends: starts and ends alternate, each end names its start,
 * and whatever the camera saw move lies in between. Nothing is told when nobody asked for it.
 */
export const motion: Checker = {
  name: "motion",
  check(evidence) {
    return evidence.powerOns.flatMap((powerOn) => {
      const told = toldIn(evidence, powerOn);
      if (!evidence.settings.motion.watch)
        return told.map(({ id }) => `${id} tells of motion, and nobody asked for it`);
      // Without a disk and with its memory full of presses it may give up what it has just told.
      if (powerOn.diskless) return [];
      return [...alternation(told, powerOn, evidence), ...missed(told, powerOn, evidence)];
    });
  },
};

function toldIn({ rows }: Evidence, powerOn: PowerOn): EventFacts[] {
  return [...rows.values()]
    .filter((one) => one.powerOn === powerOn.number && one.row.eventType === "motion")
    .map(({ row }) => readEvent(row.body))
    .sort((a, b) => a.sequence - b.sequence);
}

function alternation(told: readonly EventFacts[], powerOn: PowerOn, evidence: Evidence): string[] {
  const wrong: string[] = [];
  let open: EventFacts | null = null;
  for (const event of told) {
    const { state, startId, durationMs } = event.data;
    if (state === "start") {
      if (open) wrong.push(`${event.id} starts a motion, and ${open.id} has not ended`);
      open = event;
      continue;
    }
    if (open?.id !== startId)
      wrong.push(`${event.id} ends ${startId}, and what moves is ${open?.id ?? "nothing"}`);
    else if (open && Number(durationMs) > event.monotonicMs - open.monotonicMs)
      wrong.push(`${event.id} tells of ${durationMs} ms, longer than since its start`);
    open = null;
  }
  const isOver = evidence.settledAfterMs !== null && powerOn.end === "running";
  if (open && isOver) wrong.push(`${open.id} has not ended, and nothing moves any more`);
  return wrong;
}

function missed(told: readonly EventFacts[], powerOn: PowerOn, { motions }: Evidence): string[] {
  const isBefore = ({ monotonicMs, data }: EventFacts, ms: number) =>
    worldMsOf(powerOn, monotonicMs) <= (data.state === "start" ? ms + ROUNDED_MS : ms - ROUNDED_MS);
  return motions
    .filter((one) => one.powerOn === powerOn.number)
    .filter(({ atMs }) => powerOn.toMs === null || powerOn.toMs > atMs + STOPPING_MS)
    .filter(({ atMs }) => {
      const last = told.findLast((event) => isBefore(event, atMs));
      return last?.data.state !== "start";
    })
    .map(({ atMs }) => `what moved at ${atMs} was not told`);
}
