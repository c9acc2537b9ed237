import { parseTopic } from "../../agent/contract/topics.ts";
import { readEvent } from "./event-facts.ts";
import type { Checker, EventFacts, Evidence } from "./evidence.ts";

/**
 * The broker first sees the events of one sequence in their order. A press that is live may overtake a backlog; and
 * what was given up may come back, when a power cut undoes that it was forgotten.
 * What a broker does afterwards with what it took in is not the agent's to answer for.
 */
export const order: Checker = {
  name: "order",
  check(evidence) {
    const wrong: string[] = [];
    const seen = new Set<string>();
    const highest = new Map<string, number>();
    for (const { event, message, powerOn } of evidence.arrivals) {
      if (!event || seen.has(event.id)) continue;
      seen.add(event.id);
      const sequence = `${event.epoch}/${event.lane}`;
      const before = highest.get(sequence) ?? 0;
      if (event.sequence < before && !wasGivenUp(evidence, event, powerOn))
        wrong.push(`${event.id} came first after number ${before} of its sequence`);
      const topic = parseTopic(message.topic);
      const live = event.lane === "press" && topic?.kind === "event" && !topic.late;
      if (!live) highest.set(sequence, Math.max(before, event.sequence));
    }
    return wrong;
  },
};

/** In a power-on before this one a drop of it was declared. */
function wasGivenUp({ rows }: Evidence, event: EventFacts, powerOn: number): boolean {
  return [...rows.values()].some((declared) => {
    if (declared.row.eventType !== "drop" || declared.powerOn >= powerOn) return false;
    const { epoch, lane, from, to } = readEvent(declared.row.body).data;
    const covers = Number(from) <= event.sequence && event.sequence <= Number(to);
    return covers && epoch === event.epoch && lane === event.lane;
  });
}
