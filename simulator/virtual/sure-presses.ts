import type { Chance } from "../world/chance.ts";
import type { Mishap, MishapKind } from "./faults.ts";
import type { PlannedPress } from "./visits.ts";

/** While these go on a push may find no agent, or no line to it. */
const DEAFENING: ReadonlySet<MishapKind> = new Set<MishapKind>([
  "power.cut",
  "power.cut-at-commit",
  "power.torn",
  "agent.restart",
  "agent.crash",
  "memory.pressure",
  "disk.corrupt",
  "button.storm",
  "button.line-lost",
]);
/** Power is back so long before an agent surely listens. */
const RECOVERY_MS = 60_000;
/** A push can be in the way of another's gesture, or be one too many in a minute: these come apart. */
const APART_MS = 15_000;

/** Tries to find another such moment. */
const TRIES = 10_000;

/**
 * Visitors who come while nothing keeps the doorbell from ringing, so many that with those among `presses` at least
 * `least` presses surely ring; fewer only where the mishaps leave no such moments.
 */
export function planSurePresses(
  chance: Chance,
  presses: readonly PlannedPress[],
  mishaps: readonly Mishap[],
  durationMs: number,
  least: number,
): PlannedPress[] {
  const deaf = mishaps.filter(({ kind }) => DEAFENING.has(kind));
  const isHeard = (atMs: number) => !deaf.some((mishap) => isWithin(mishap, atMs));
  const sure = presses.filter((press) => isMeant(press) && isHeard(press.atMs));
  const added: PlannedPress[] = [];
  for (let tried = 0; sure.length + added.length < least && tried < TRIES; tried += 1) {
    const atMs = chance.int(RECOVERY_MS, durationMs - RECOVERY_MS);
    if (!isHeard(atMs) || [...presses, ...added].some((press) => isNear(press, atMs))) continue;
    added.push({ atMs, holdMs: chance.int(60, 700), chatterMs: 0 });
  }
  return added;
}

function isWithin(mishap: Mishap, atMs: number): boolean {
  return atMs > mishap.atMs - APART_MS && atMs < mishap.atMs + mishap.durationMs + RECOVERY_MS;
}

function isNear(press: PlannedPress, atMs: number): boolean {
  return atMs > press.atMs - APART_MS && atMs < press.atMs + press.holdMs + APART_MS;
}

/** A person's push that is held long enough and let go. */
function isMeant({ fault }: PlannedPress): boolean {
  return fault === undefined || fault === "button.bounce";
}
