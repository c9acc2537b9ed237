import { LATE_AFTER_MS, parseTopic } from "../../agent/contract/topics.ts";
import type { Checker } from "./evidence.ts";

/** How far a synced clock may be from the truth. */
const CLOCK_ERROR_MS = 200;

/**
 * An event goes out on `late/` exactly when the attempt begins more than 30 s after it happened. Across a restart
 * the age is not always known: then `late/` is right, and `event/` only for what is young.
 */
export const lateness: Checker = {
  name: "lateness",
  check({ attempts, powerOns }) {
    const wrong: string[] = [];
    const starts = new Map(powerOns.map((powerOn) => [powerOn.epoch, powerOn]));
    for (const { event, message, atMs, powerOn } of attempts) {
      if (!event) continue;
      const topic = parseTopic(message.topic);
      if (topic?.kind !== "event") continue;
      const origin = starts.get(event.epoch);
      if (!origin) {
        wrong.push(`${event.id} is of an epoch that never was`);
        continue;
      }
      const ageMs = atMs - (origin.fromMs + event.monotonicMs);
      const sameRun = origin.number === powerOn;
      const oldest = sameRun ? LATE_AFTER_MS : LATE_AFTER_MS + CLOCK_ERROR_MS;
      if (!topic.late && ageMs > oldest)
        wrong.push(`${event.id} went out on ${message.topic} when it was ${ageMs} ms old`);
      if (topic.late && sameRun && ageMs <= LATE_AFTER_MS) {
        wrong.push(`${event.id} went out on ${message.topic} when it was only ${ageMs} ms old`);
      }
    }
    return wrong;
  },
};
