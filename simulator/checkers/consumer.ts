import { Consumer, type Outcome } from "../../agent/consumer/index.ts";
import { LATE_AFTER_MS } from "../../agent/contract/topics.ts";
import { WORLD_BEGAN_UTC_MS } from "../world/world.ts";
import {
  type Checker,
  type Evidence,
  overlap,
  type PowerOn,
  type Sighting,
  wentAtOnce,
  worldMsOf,
} from "./evidence.ts";
import { fatesOf } from "./fates.ts";

/** How far a synced clock may be from the truth. */
const CLOCK_ERROR_MS = 1_200;
/** A press that arrives sooner than this must ring. */
const SURELY_LIVE_MS = 25_000;

/**
 * What the real consumer makes of all this: nothing rings 30 s after it happened, what is live does; the true status
 * holds once it has come, whatever comes after it; and what it misses is what nobody could tell it of.
 */
export const consumer: Checker = {
  name: "consumer",
  check(evidence) {
    const { deviceId, deliveries } = evidence;
    const receiver = new Consumer({ maxEpochs: deliveries.length + 1 });
    const wrong: string[] = [];
    for (const sighting of deliveries) {
      const { message, atMs } = sighting;
      if (message.text === null || !/\/(status|event\/[a-z-]+|late\/[a-z-]+)$/.test(message.topic)) continue;
      const outcomes = receiver.receive({
        topic: message.topic,
        payload: Buffer.from(message.text),
        retain: message.retain,
        receivedUtcMs: WORLD_BEGAN_UTC_MS + atMs,
      });
      for (const outcome of outcomes) wrong.push(...judge(evidence, sighting, outcome));
    }
    return [...wrong, ...gapsOf(evidence, receiver.gapsOf(deviceId)), ...statusOf(evidence, receiver)];
  },
};

function judge(evidence: Evidence, { atMs, powerOn }: Sighting, outcome: Outcome): string[] {
  if (outcome.kind !== "event" || outcome.eventType !== "press") return [];
  const { event, ring, monotonicMs, late } = outcome;
  const origin = evidence.powerOns.find(({ epoch }) => epoch === event.epoch);
  if (!origin || wasLiedTo(evidence, origin)) return [];
  const ageMs = atMs - worldMsOf(origin, monotonicMs);
  // Of an epoch that never had the time a consumer knows only how long a message took beyond the quickest.
  if (ring && event.timetrust === "synced" && ageMs > LATE_AFTER_MS + CLOCK_ERROR_MS)
    return [`${event.id} rang when it was ${ageMs} ms old`];
  const isLive = !late && origin.number === powerOn && ageMs < SURELY_LIVE_MS;
  return isLive && !ring ? [`${event.id} did not ring, though it was ${ageMs} ms old`] : [];
}

function wasLiedTo({ lies }: Evidence, powerOn: PowerOn): boolean {
  return lies.some((lie) => overlap(lie, powerOn));
}

function gapsOf(evidence: Evidence, gaps: ReturnType<Consumer["gapsOf"]>): string[] {
  const fateOf = fatesOf(evidence);
  const wrong: string[] = [];
  for (const { epoch, lane, from, to, reason } of gaps) {
    if (reason !== "undeclared") continue;
    for (let sequence = from; sequence <= to; sequence += 1) {
      const id = `${epoch}-${lane === "press" ? "p" : "e"}${sequence}`;
      const fate = fateOf({ id, epoch, lane, sequence });
      const origin = evidence.powerOns.find((powerOn) => powerOn.epoch === epoch);
      const excused = origin && (wentAtOnce(origin) || origin.diskless) && !evidence.accepted.has(id);
      if (fate === "dropped" || fate === "delivered" || (fate === "lost" && !excused))
        wrong.push(`the consumer misses ${id} and was told nothing of it: it is ${fate}`);
    }
  }
  return wrong;
}

function statusOf(evidence: Evidence, receiver: Consumer): string[] {
  const last = evidence.powerOns.at(-1);
  const held = receiver.statusOf(evidence.deviceId);
  const hasCome = evidence.deliveries.some(
    ({ message }) => message.topic.endsWith("/status") && message.text === evidence.status,
  );
  if (!last || !hasCome || evidence.settledAfterMs === null) return [];
  if (held?.epoch === last.epoch && held.connection === last.connection) return [];
  return [`the consumer holds the status ${JSON.stringify(held)}, not that of epoch ${last.epoch}`];
}
