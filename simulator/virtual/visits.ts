import type { Chance } from "../world/chance.ts";
import type { FaultOptions } from "./faults.ts";

/**
 * One push of the button, as it is planned. `chatterMs`: how long a worn contact takes to rest. A very short hold is
 * a ghost on a long wire, a very long one a button that sticks.
 */
export interface PlannedPress {
  atMs: number;
  holdMs: number;
  chatterMs: number;
  /** What is wrong with it. */
  fault?: "button.bounce" | "button.ghost" | "button.stuck" | "button.lean";
}

/** Presses that come so close follow each other by at least this, so that a person could have made them. */
const PAUSE_MS = 150;
const GHOST_AT_MOST_MS = 30;
/** Who still rings then is known to ring before everything is to settle. */
const LAST_PRESS_MS = 1_000;
const LONGEST_LEAN_MS = 90_000;
/** Everybody has let go so long before the end. */
const QUIET_AT_THE_END_MS = 10_000;

/**
 * Visitors of one run: single, double and long presses, and sometimes children. At least `least` presses of people, up
 * to `more` others, and ghosts besides; none in the first seconds after the start or within the last.
 */
export function planVisits(
  chance: Chance,
  durationMs: number,
  least: number,
  options: FaultOptions["button"],
  more = 20,
): PlannedPress[] {
  const count = chance.int(least, least + more);
  let presses: PlannedPress[] = [];
  while (presses.filter(({ fault }) => fault !== "button.ghost").length < count) {
    let atMs = chance.int(1, durationMs - 20_000);
    const pushes = chance.pick([1, 1, 1, 2, 2, 3, 6]);
    for (let push = 0; push < pushes; push += 1) {
      const press = drawPress(chance, options, atMs);
      const overAtMs = atMs + press.holdMs + 2 * press.chatterMs;
      if (overAtMs > durationMs - QUIET_AT_THE_END_MS) break;
      presses.push(press);
      atMs = overAtMs + PAUSE_MS + chance.spread(0, 4_000);
    }
    presses = withoutOverlaps(presses);
  }
  for (let lean = 0; lean < options.leans; lean += 1) {
    presses.push(...leanOnIt(chance.fork(`lean/${lean}`), durationMs));
  }
  return withoutOverlaps(presses).filter(({ atMs }) => atMs < durationMs - LAST_PRESS_MS);
}

/** A child leans on it: more presses a minute than anybody means. */
function leanOnIt(chance: Chance, durationMs: number): PlannedPress[] {
  const presses: PlannedPress[] = [];
  let atMs = chance.int(1, durationMs - LONGEST_LEAN_MS - 20_000);
  const untilMs = atMs + chance.int(20_000, LONGEST_LEAN_MS);
  while (atMs < untilMs) {
    const holdMs = chance.int(60, 500);
    presses.push({ atMs, holdMs, chatterMs: 0, fault: "button.lean" });
    atMs += holdMs + PAUSE_MS + chance.spread(0, 800);
  }
  return presses;
}

/** Something that moves before the camera: somebody who comes to ring, a cat, a car. */
export interface PlannedMotion {
  atMs: number;
  forMs: number;
  areaPermille: number;
  zones: number[];
}

const MOST_MOTIONS = 16;
const LONGEST_MOTION_MS = 120_000;

/** Motions of one run, some of them at a press; all are over well before the end. A few unless `count` is told. */
export function planMotions(
  chance: Chance,
  durationMs: number,
  presses: readonly PlannedPress[],
  count = chance.int(0, MOST_MOTIONS),
): PlannedMotion[] {
  return Array.from({ length: count }, () => {
    const press = chance.happens(400) ? presses[chance.int(0, presses.length - 1)] : undefined;
    const latestMs = durationMs - LONGEST_MOTION_MS - 60_000;
    const atMs = press ? press.atMs - chance.int(0, 5_000) : chance.int(1, latestMs);
    return {
      atMs: Math.min(latestMs, Math.max(1, atMs)),
      forMs: chance.spread(300, LONGEST_MOTION_MS),
      areaPermille: chance.int(1, 400),
      zones: chance.pick([[], [0], [0, 2]]),
    };
  });
}

function drawPress(chance: Chance, options: FaultOptions["button"], atMs: number): PlannedPress {
  const chatterMs = chance.happens(options.bouncePermille) ? chance.int(1, 9) : 0;
  if (chance.happens(options.ghostPermille)) {
    return { atMs, holdMs: chance.int(1, GHOST_AT_MOST_MS), chatterMs, fault: "button.ghost" };
  }
  if (chance.happens(options.stuckPermille)) {
    return { atMs, holdMs: chance.int(31_000, 120_000), chatterMs, fault: "button.stuck" };
  }
  const holdMs = chance.happens(150) ? chance.int(1_600, 6_000) : chance.int(60, 700);
  return { atMs, holdMs, chatterMs, ...(chatterMs > 0 && { fault: "button.bounce" as const }) };
}

function withoutOverlaps(presses: PlannedPress[]): PlannedPress[] {
  presses.sort((a, b) => a.atMs - b.atMs);
  const kept: PlannedPress[] = [];
  let freeAtMs = 0;
  for (const press of presses) {
    if (press.atMs < freeAtMs) continue;
    kept.push(press);
    freeAtMs = press.atMs + press.holdMs + 2 * press.chatterMs + PAUSE_MS;
  }
  return kept;
}
