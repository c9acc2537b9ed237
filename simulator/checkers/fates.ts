import type { OutboxRow } from "../../device/ports/store.ts";
import { readEvent } from "./event-facts.ts";
import { type Evidence, firstDeliveries } from "./evidence.ts";

/**
 * What became of an event. Only `lost` is bad. `forgotten`: the broker acknowledged it (or what declared its drop)
 * and lost it, and its acknowledgement is what settles; with receipts there is no such fate. `set-aside`: it was in an
 * outbox that was found corrupt, and a start says so.
 */
export type Fate = "delivered" | "outbox" | "dropped" | "forgotten" | "set-aside" | "lost";

interface Gap {
  from: number;
  to: number;
  fate: "dropped" | "forgotten" | "set-aside";
}

type Placed = Pick<OutboxRow, "id" | "epoch" | "sequence"> & { lane: string };

/** Says of any event which of the ways it ended in. */
export function fatesOf(evidence: Evidence): (event: Placed) => Fate {
  const delivered = firstDeliveries(evidence);
  const waiting = new Set(evidence.outbox.map((row) => row.id));
  const mayForget = evidence.settings.uplink.settle === "puback";
  const own = (id: string): Fate => {
    if (delivered.has(id)) return "delivered";
    if (waiting.has(id)) return "outbox";
    return mayForget && evidence.forgotten.has(id) ? "forgotten" : "lost";
  };
  if (evidence.setAsides.length === 0) return withGaps(evidence, own);
  const gone = new Set<string>();
  // What was set aside with its outbox may have declared a gap itself.
  const ownOrGone = (id: string) => {
    const fate = own(id);
    return fate === "lost" && gone.has(id) ? "set-aside" : fate;
  };
  // What one start would have told may have been set aside itself, and the next one tells of all before it.
  for (const setAside of [...evidence.setAsides].reverse()) {
    if (!wasTold(evidence, setAside.powerOn, withGaps(evidence, ownOrGone))) continue;
    for (const id of setAside.ids) gone.add(id);
  }
  return withGaps(evidence, ownOrGone);
}

/** The start that found the outbox corrupt says so, or one after it. */
function wasTold({ rows }: Evidence, number: number, fateOf: (event: Placed) => Fate): boolean {
  const tells = ({ row, powerOn }: { row: OutboxRow; powerOn: number }) =>
    powerOn >= number &&
    row.eventType === "start" &&
    readEvent(row.body).data.setAside === true &&
    fateOf(row) !== "lost";
  return [...rows.values()].some(tells);
}

/** The fate of an event by itself, or of what declared that it was given up. */
function withGaps(evidence: Evidence, own: (id: string) => Fate): (event: Placed) => Fate {
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
    const passedOn = fate === "forgotten" || fate === "set-aside" ? fate : "dropped";
    gaps.set(key, [...(gaps.get(key) ?? []), { from: Number(from), to: Number(to), fate: passedOn }]);
  }
  return gaps;
}
