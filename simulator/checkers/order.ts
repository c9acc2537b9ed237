import { parseTopic } from "../../agent/contract/topics.ts";
import type { Checker } from "./evidence.ts";

/**
 * The broker first sees the events of one sequence in their order. A press that is live may overtake a backlog.
 * What a broker does afterwards with what it took in is not the agent's to answer for.
 */
export const order: Checker = {
  name: "order",
  check(evidence) {
    const wrong: string[] = [];
    const seen = new Set<string>();
    const highest = new Map<string, number>();
    for (const { event, message } of evidence.arrivals) {
      if (!event || seen.has(event.id)) continue;
      seen.add(event.id);
      const sequence = `${event.epoch}/${event.lane}`;
      const before = highest.get(sequence) ?? 0;
      if (event.sequence < before)
        wrong.push(`${event.id} came first after number ${before} of its sequence`);
      const topic = parseTopic(message.topic);
      const live = event.lane === "press" && topic?.kind === "event" && !topic.late;
      if (!live) highest.set(sequence, Math.max(before, event.sequence));
    }
    return wrong;
  },
};
