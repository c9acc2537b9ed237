import type { Chance } from "../world/chance.ts";

/**
 * One push of the button, as it is planned. `chatterMs`: how long a worn contact takes to rest. A very short hold is
 * a ghost on a long wire, a very long one a button that sticks.
 */
export interface PlannedPress {
  atMs: number;
  holdMs: number;
  chatterMs: number;
}

/** Presses that come so close follow each other by at least this, so that a person could have made them. */
const PAUSE_MS = 150;
const GHOST_AT_MOST_MS = 30;

/**
 * Visitors of one run: single, double and long presses, and sometimes children. At least `least` presses and up to
 * `more` others, none in the first seconds after the start or within the last.
 */
export function planVisits(chance: Chance, durationMs: number, least: number, more = 20): PlannedPress[] {
  const count = chance.int(least, least + more);
  const presses: PlannedPress[] = [];
  while (presses.length < count) {
    let atMs = chance.int(1, durationMs - 20_000);
    const pushes = chance.pick([1, 1, 1, 2, 2, 3, 6]);
    for (let push = 0; push < pushes; push += 1) {
      const holdMs = drawHold(chance);
      const chatterMs = chance.happens(250) ? chance.int(1, 9) : 0;
      presses.push({ atMs, holdMs, chatterMs });
      atMs += holdMs + 2 * chatterMs + PAUSE_MS + chance.spread(0, 4_000);
    }
  }
  return withoutOverlaps(presses);
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

function drawHold(chance: Chance): number {
  if (chance.happens(80)) return chance.int(1, GHOST_AT_MOST_MS);
  if (chance.happens(20)) return chance.int(31_000, 120_000);
  return chance.happens(150) ? chance.int(1_600, 6_000) : chance.int(60, 700);
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
