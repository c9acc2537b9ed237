import { LATE_AFTER_MS } from "../../agent/contract/topics.ts";
import { type Checker, type Evidence, overlap, type PowerOn, worldMsOf } from "./evidence.ts";
import { readTopic } from "./topic-facts.ts";

/** How far a synced clock may be from the truth, and further where its quartz is not exact and a server puts it right. */
const CLOCK_ERROR_MS = 200;
const DRIFT_ERROR_MS = 1_000;
/** In 30 s the worst quartz is wrong by less. */
const AGE_ERROR_MS = 10;

/**
 * An event goes out on `late/` exactly when the attempt begins more than 30 s after it happened. Across a restart
 * the age is not always known: then `late/` is right, and `event/` only for what is young. Where a time server lied to
 * either of the two, nobody can know.
 */
export const lateness: Checker = {
  name: "lateness",
  check(evidence) {
    const { attempts, powerOns } = evidence;
    const wrong: string[] = [];
    const starts = new Map(powerOns.map((powerOn) => [powerOn.epoch, powerOn]));
    for (const { event, message, atMs, powerOn } of attempts) {
      if (!event) continue;
      const topic = readTopic(message.topic);
      if (topic?.kind !== "event") continue;
      const origin = starts.get(event.epoch);
      if (!origin) {
        wrong.push(`${event.id} is of an epoch that never was`);
        continue;
      }
      const ageMs = atMs - worldMsOf(origin, event.monotonicMs);
      const sameRun = origin.number === powerOn;
      if (!sameRun && (wasLiedTo(evidence, origin) || wasLiedTo(evidence, powerOns[powerOn]))) continue;
      const drifts = origin.driftPpm !== 0;
      const slack = drifts ? AGE_ERROR_MS : 0;
      const oldest = LATE_AFTER_MS + slack + (sameRun ? 0 : CLOCK_ERROR_MS + (drifts ? DRIFT_ERROR_MS : 0));
      if (!topic.late && ageMs > oldest)
        wrong.push(`${event.id} went out on ${message.topic} when it was ${ageMs} ms old`);
      if (topic.late && sameRun && ageMs <= LATE_AFTER_MS - slack) {
        wrong.push(`${event.id} went out on ${message.topic} when it was only ${ageMs} ms old`);
      }
    }
    return wrong;
  },
};

/** A time server told it a wrong time while it was on. */
function wasLiedTo({ lies }: Evidence, powerOn: PowerOn | undefined): boolean {
  return powerOn !== undefined && lies.some((lie) => overlap(lie, powerOn));
}
