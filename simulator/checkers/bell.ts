import { type Checker, type Evidence, overlap, type PhysicalPress, type PowerOn } from "./evidence.ts";

/** An agent hears the button this long after its power came, and a ring may be this far from its time. */
const TOLERANCE_MS = 5;
const MINUTE_MS = 60_000;
/** How far chatter and storms may move what counts as the beginning of a press. */
const BLUR_MS = 20;

/**
 * The bell rings for each press, at once, whatever else is broken; and for nothing else. Only a line that cannot be
 * read or is flooded may cost a press, and one beyond the most of a minute stays silent, always.
 */
export const bell: Checker = {
  name: "bell",
  check(evidence) {
    return evidence.powerOns.flatMap((powerOn) => checkPowerOn(evidence, powerOn));
  },
};

function checkPowerOn(evidence: Evidence, powerOn: PowerOn): string[] {
  const { presses, settings } = evidence;
  const wrong: string[] = [];
  const rings = [...powerOn.ringsMs];
  for (const press of presses) {
    if (press.powerOn !== powerOn.number) continue;
    const ringsAtMs = press.closedAtMs + settings.button.holdMs;
    if (press.openedAtMs < ringsAtMs) continue;
    const at = rings.findIndex((ringMs) => Math.abs(ringMs - ringsAtMs) <= TOLERANCE_MS + press.chatterMs);
    if (at >= 0) rings.splice(at, 1);
    else if (powerOn.toMs === null || powerOn.toMs > ringsAtMs + TOLERANCE_MS) {
      if (isDisturbed(evidence, press) || isTooMany(evidence, powerOn, ringsAtMs)) continue;
      wrong.push(`a press at ${press.closedAtMs} did not ring`);
    }
  }
  for (const ringMs of rings) {
    if (!isFlooded(evidence, ringMs)) wrong.push(`it rang at ${ringMs} and nobody was there`);
  }
  return [...wrong, ...stormsThatRang(evidence, powerOn)];
}

/** The line was lost or flooded while it was pushed, or just before: what came first still counts as its bounce. */
function isDisturbed({ buttonTroubles, settings }: Evidence, press: PhysicalPress): boolean {
  const { closedAtMs, openedAtMs, chatterMs } = press;
  const touched = { fromMs: closedAtMs - chatterMs, toMs: openedAtMs + chatterMs };
  return buttonTroubles.some((trouble) => overlap(trouble, touched, settings.button.holdMs + BLUR_MS));
}

function isFlooded({ buttonTroubles, settings }: Evidence, ringMs: number): boolean {
  const ring = { fromMs: ringMs - settings.button.holdMs - BLUR_MS, toMs: ringMs };
  return buttonTroubles.some((trouble) => !trouble.lost && overlap(trouble, ring, BLUR_MS));
}

function isTooMany({ settings }: Evidence, { ringsMs }: PowerOn, ringsAtMs: number): boolean {
  const before = ringsMs.filter((ms) => ms < ringsAtMs && ms > ringsAtMs - MINUTE_MS - BLUR_MS);
  return before.length >= settings.button.maxPerMinute;
}

function stormsThatRang({ settings }: Evidence, { ringsMs }: PowerOn): string[] {
  const most = settings.button.maxPerMinute;
  return ringsMs
    .filter((ms, at) => ms - (ringsMs[at - most] ?? Number.NEGATIVE_INFINITY) < MINUTE_MS - BLUR_MS)
    .map((ms) => `it rang at ${ms}, more than ${most} times in a minute`);
}
