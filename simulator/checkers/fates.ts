import { readEvent } from "./event-facts.ts";
import { type Evidence, firstDeliveries } from "./evidence.ts";

/**
 * What became of an event. Only `lost` is bad. `forgotten`: the broker acknowledged it (or what declared its drop)
 * and lost it, and its acknowledgement is what settles; with receipts there is no such fate.
 */
export type Fate = "delivered" | "outbox" | "dropped" | "forgotten" | "lost";

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
  return ({ id, epoch, lane, sequence }) => {
    const fate = own(id);
    if (fate !== "lost") return fate;
    const covering =
      gaps.get(`${epoch}/${lane}`)?.filter(({ from, to }) => from <= sequence && sequence <= to) ?? [];
    return covering.find((gap) => gap.fate === "dropped")?.fate ?? covering[0]?.fate ?? "lost";
  };
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
