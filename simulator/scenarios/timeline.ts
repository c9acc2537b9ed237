import type { Step } from "./schema.ts";

/** A finger on the button, so long after its step begins. */
export interface Push {
  afterMs: number;
  holdMs: number;
  chatterMs: number;
}

const VISITOR_RINGS_AFTER_MS = 3_000;
const FINGER_MS = 250;
/** Between two pushes of a person, at least. */
const PAUSE_MS = 150;
const DOUBLE_HOLD_MS = 120;
const VISITOR_AREA_PERMILLE = 200;

/** What a step does with the button. */
export function pushesOf(step: Step): Push[] {
  switch (step.step) {
    case "press":
      return [{ afterMs: 0, holdMs: step.hold, chatterMs: step.chatter }];
    case "hold":
      return [{ afterMs: 0, holdMs: step.for, chatterMs: 0 }];
    case "double": {
      const holdMs = DOUBLE_HOLD_MS;
      return [0, holdMs + PAUSE_MS].map((afterMs) => ({ afterMs, holdMs, chatterMs: 0 }));
    }
    case "visitor": {
      const afterMs = step.for >= VISITOR_RINGS_AFTER_MS + FINGER_MS ? VISITOR_RINGS_AFTER_MS : 0;
      return [{ afterMs, holdMs: FINGER_MS, chatterMs: 0 }];
    }
    default:
      return [];
  }
}

/** What a step moves before the camera. */
export function motionOf(step: Step): { forMs: number; areaPermille: number; zones: number[] } | null {
  if (step.step === "motion") return { forMs: step.for, areaPermille: step.area, zones: step.zones };
  if (step.step === "visitor") return { forMs: step.for, areaPermille: VISITOR_AREA_PERMILLE, zones: [] };
  return null;
}

/** When the finger that pushes so has gone, from the step's beginning. */
export function goneAfterMs({ afterMs, holdMs, chatterMs }: Push): number {
  return afterMs + holdMs + 2 * chatterMs;
}

/** How long a step takes until the next one begins, at least and at most. */
export function takesMs(step: Step): { least: number; most: number } {
  if (step.step === "wait") return { least: step.for, most: step.for };
  if (step.step === "expect")
    return step.of === "none" ? { least: step.for, most: step.for } : { least: 0, most: step.within };
  const ms = Math.max(0, ...pushesOf(step).map((push) => goneAfterMs(push) + PAUSE_MS));
  return { least: ms, most: ms };
}

/** The next step may not begin before this one is over. */
export function isWaitedFor(step: Step): boolean {
  return step.step === "wait" || step.step === "expect";
}
