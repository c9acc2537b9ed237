import { readEvent } from "./event-facts.ts";
import { type EventFacts, type Evidence, firstDeliveries } from "./evidence.ts";

/** What became of an event. Only `lost` is bad; `forgotten` is the broker's sin, which receipts make good. */
export type Fate = "delivered" | "outbox" | "dropped" | "forgotten" | "lost";

/** Says of any event id which of the ways it ended in. */
export function fatesOf(
  evidence: Evidence,
): (event: { id: string; epoch: string; lane: string; sequence: number }) => Fate {
  const delivered = firstDeliveries(evidence);
  const waiting = new Set(evidence.outbox.map((row) => row.id));
  const declared = new Map<string, { from: number; to: number }[]>();
  const known: EventFacts[] = [];
  for (const { event } of delivered.values()) if (event?.type === "drop") known.push(event);
  for (const row of evidence.outbox) if (row.eventType === "drop") known.push(readEvent(row.body));
  for (const { data } of known) {
    const key = `${data.epoch}/${data.lane}`;
    const gaps = declared.get(key) ?? [];
    gaps.push({ from: Number(data.from), to: Number(data.to) });
    declared.set(key, gaps);
  }
  return ({ id, epoch, lane, sequence }) => {
    if (delivered.has(id)) return "delivered";
    if (waiting.has(id)) return "outbox";
    const gaps = declared.get(`${epoch}/${lane}`) ?? [];
    if (gaps.some(({ from, to }) => from <= sequence && sequence <= to)) return "dropped";
    return evidence.settings.uplink.settle === "puback" && evidence.forgotten.has(id) ? "forgotten" : "lost";
  };
}
