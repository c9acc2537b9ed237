import type { OutboxRow } from "../../device/ports/store.ts";
import { readEvent } from "./event-facts.ts";
import { type Evidence, firstDeliveries, wentAtOnce } from "./evidence.ts";

/**
 * What became of an event. Only `lost` is bad. `forgotten`: the broker acknowledged it (or what declared its drop)
 * and lost it, and its acknowledgement is what settles; with receipts there is no such fate. `set-aside`: it was in an
 * outbox that was found corrupt, and the event of the start that found it says so.
 */
export type Fate = "delivered" | "outbox" | "dropped" | "forgotten" | "set-aside" | "lost";

interface Gap {
  from: number;
  to: number;
  fate: "dropped" | "forgotten";
}

/** Says of any event which of the ways it ended in. */
export function fatesOf(
  evidence: Evidence,
): (event: { id: string; epoch: string; lane: string; sequence: number }) => Fate {
  const delivered = firstDeliveries(evidence);
  const waiting = new Set(evidence.outbox.map((row) => row.id));
  const mayForget = evidence.settings.uplink.settle === "puback";
  const own = (id: string): Fate => {
    if (delivered.has(id)) return "delivered";
    if (waiting.has(id)) return "outbox";
    return mayForget && evidence.forgotten.has(id) ? "forgotten" : "lost";
  };
  const gaps = gapsOf(evidence, own);
  const fateOf = ({ id, epoch, lane, sequence }: Parameters<ReturnType<typeof fatesOf>>[0]): Fate => {
    const fate = own(id);
    if (fate !== "lost") return fate;
    const covering =
      gaps.get(`${epoch}/${lane}`)?.filter(({ from, to }) => from <= sequence && sequence <= to) ?? [];
    return covering.find((gap) => gap.fate === "dropped")?.fate ?? covering[0]?.fate ?? "lost";
  };
  const setAside = setAsideOf(evidence, fateOf);
  return (event) => {
    const fate = fateOf(event);
    return fate === "lost" && setAside.has(event.id) ? "set-aside" : fate;
  };
}

/** What was in outboxes that were set aside, as far as that was told; or the start that would have told went at once. */
function setAsideOf(evidence: Evidence, fateOf: (row: OutboxRow) => Fate): Set<string> {
  const gone = new Set<string>();
  const starts = new Map<number, OutboxRow>();
  for (const { row, powerOn } of evidence.rows.values()) {
    if (row.eventType === "start") starts.set(powerOn, row);
  }
  // What one start would have told may have been set aside itself, and the next one tells of all before it.
  for (const { powerOn, ids } of [...evidence.setAsides].reverse()) {
    const start = starts.get(powerOn);
    const own = evidence.powerOns[powerOn];
    const wentBefore = own && wentAtOnce(own) && !(start && evidence.accepted.has(start.id));
    const isTold =
      start &&
      (fateOf(start) !== "lost" || gone.has(start.id)) &&
      readEvent(start.body).data.setAside === true;
    if (isTold || wentBefore) for (const id of ids) gone.add(id);
  }
  return gone;
}

function gapsOf(evidence: Evidence, fateOf: (id: string) => Fate): Map<string, Gap[]> {
  const gaps = new Map<string, Gap[]>();
  for (const [id, { row }] of evidence.rows) {
    if (row.eventType !== "drop") continue;
    const fate = fateOf(id);
    if (fate === "lost") continue;
    const { epoch, lane, from, to } = readEvent(row.body).data;
    const key = `${epoch}/${lane}`;
    const gap: Gap = { from: Number(from), to: Number(to), fate: fate === "forgotten" ? fate : "dropped" };
    gaps.set(key, [...(gaps.get(key) ?? []), gap]);
  }
  return gaps;
}
