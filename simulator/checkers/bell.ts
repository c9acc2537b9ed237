import type { Checker, Evidence, PowerOn } from "./evidence.ts";

/** An agent hears the button this long after its power came, and a ring may be this far from its time. */
const TOLERANCE_MS = 5;

/** The bell rings for each press, at once, whatever else is broken; and for nothing else. */
export const bell: Checker = {
  name: "bell",
  check(evidence) {
    return evidence.powerOns.flatMap((powerOn) => checkPowerOn(evidence, powerOn));
  },
};

function checkPowerOn({ presses, settings }: Evidence, powerOn: PowerOn): string[] {
  const wrong: string[] = [];
  const rings = [...powerOn.ringsMs];
  for (const press of presses) {
    if (press.powerOn !== powerOn.number) continue;
    const ringsAtMs = press.closedAtMs + settings.button.holdMs;
    if (press.openedAtMs < ringsAtMs) continue;
    const at = rings.findIndex((ringMs) => Math.abs(ringMs - ringsAtMs) <= TOLERANCE_MS + press.chatterMs);
    if (at >= 0) rings.splice(at, 1);
    else if (powerOn.toMs === null || powerOn.toMs > ringsAtMs + TOLERANCE_MS) {
      wrong.push(`a press at ${press.closedAtMs} did not ring`);
    }
  }
  for (const ringMs of rings) wrong.push(`it rang at ${ringMs} and nobody was there`);
  return wrong;
}
