import { Chance } from "../world/chance.ts";
import type { FleetPlan } from "./flags.ts";

/** Somebody pushes a button. */
export interface PlannedPress {
  /** From when the fleet stands. */
  atMs: number;
  /** From 0. */
  doorbell: number;
  holdMs: number;
}

/** Between two presses of one doorbell. */
const PAUSE_MS = 500;

/**
 * Who presses when, in the order of time: each doorbell once in each of its periods, whenever the seed says. The same
 * seed and rate give the same presses, however long the run and however many the doorbells after the first ones.
 */
export function* plannedPresses(
  plan: Pick<FleetPlan, "doorbells" | "pressesPerMinute" | "forMs" | "seed">,
  shortestHoldMs: number,
): Generator<PlannedPress> {
  const { doorbells, pressesPerMinute, forMs, seed } = plan;
  if (pressesPerMinute === 0) return;
  const periodMs = Math.round(60_000 / pressesPerMinute);
  const longestHoldMs = shortestHoldMs + 100;
  const latestMs = Math.max(0, periodMs - longestHoldMs - PAUSE_MS);
  for (let round = 0; round * periodMs < forMs; round++) {
    const chance = new Chance(`fleet/${seed}/presses/${round}`);
    const presses = Array.from({ length: doorbells }, (_, doorbell) => ({
      atMs: round * periodMs + chance.int(0, latestMs),
      doorbell,
      holdMs: chance.int(shortestHoldMs, longestHoldMs),
    }));
    yield* presses.filter(({ atMs }) => atMs < forMs).sort((a, b) => a.atMs - b.atMs);
  }
}
