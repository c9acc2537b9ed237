import { type Checker, type Evidence, overlap, type Sighting } from "./evidence.ts";

/**
 * What a press may wait behind what is not one. The agent learns what the link carries from acknowledgements, each of
 * which is a round trip old: where that is long, as much may be on its way besides.
 */
const PROMISED_MS = 250;
/** On a link that trembles by more, what it carries cannot be told from acknowledgements: nothing is promised. */
const TREMBLES_MS = 100;
/** Bytes of what goes first are fetched, and times are rounded. */
const SLACK_MS = 20;
/** What a worse link left in its queue is through by then. */
const AFTER_TROUBLE_MS = 20_000;
const PACKET_BYTES = 8;

/**
 * A press goes first: it is published in the turn in which it rings if there is a connection with room for it, and on
 * a link that is as usual, and trembles by no more than 100 ms, it reaches the broker at most 250 ms, and a round trip,
 * later than it would on an idle one.
 */
export const pressFirst: Checker = {
  name: "press-first",
  check(evidence) {
    const wrong = heldBack(evidence);
    if (evidence.link.jitterMs > TREMBLES_MS) return wrong;
    for (const [id, attempt] of triedOnce(evidence)) {
      const arrival = evidence.arrivals.find(({ event }) => event?.id === id);
      if (!arrival) continue;
      const way = { fromMs: attempt.atMs - AFTER_TROUBLE_MS, toMs: arrival.atMs };
      if (evidence.linkTroubles.some((trouble) => overlap(trouble, way))) continue;
      const { latencyMs, jitterMs, bytesPerSecond } = evidence.link;
      const bytes = arrival.message.bytes + arrival.message.topic.length + PACKET_BYTES;
      const idleMs = latencyMs + jitterMs + Math.ceil((bytes * 1_000) / bytesPerSecond);
      const waitedMs = arrival.atMs - attempt.atMs - idleMs;
      if (waitedMs > PROMISED_MS + SLACK_MS + 2 * (latencyMs + jitterMs))
        wrong.push(`${id} took ${waitedMs} ms more to the broker than on an idle link`);
    }
    return wrong;
  },
};

function heldBack({ duePresses, attempts }: Evidence): string[] {
  const publishedAtMs = new Map<string, number>();
  for (const { event, atMs } of attempts) {
    if (event && !publishedAtMs.has(event.id)) publishedAtMs.set(event.id, atMs);
  }
  return duePresses
    .filter(({ id, atMs }) => publishedAtMs.get(id) !== atMs)
    .map(({ id, atMs }) => `${id} rang at ${atMs} and was not published, though there was room`);
}

/** Live presses that were published once: which attempt it was that arrived is known. */
function triedOnce({ attempts }: Evidence): Map<string, Sighting> {
  const once = new Map<string, Sighting>();
  const again = new Set<string>();
  for (const attempt of attempts) {
    const { event, message } = attempt;
    if (event?.lane !== "press") continue;
    if (once.has(event.id) || !message.topic.endsWith("/event/press")) again.add(event.id);
    else once.set(event.id, attempt);
  }
  for (const id of again) once.delete(id);
  return once;
}
