import { uniformInt } from "pure-rand/distribution/uniformInt";
import { xoroshiro128plus, xoroshiro128plusFromState } from "pure-rand/generator/xoroshiro128plus";
import type { Turn } from "./turn.ts";

/** The state of a generator seeded with `seed` (signed 32 bits), as plain data. */
export function seeded(seed: number): number[] {
  return [...xoroshiro128plus(seed).getState()];
}

/** A whole number in [0, bound], from the generator in the state: the same run draws the same numbers. */
export function drawUpTo(turn: Turn, bound: number): number {
  const generator = xoroshiro128plusFromState(turn.state.lifecycle.chance);
  const drawn = uniformInt(generator, 0, bound);
  turn.state.lifecycle.chance = [...generator.getState()];
  return drawn;
}

/** A pause before attempt number `attempt` (from 0), with full jitter: uniform below a bound that doubles. */
export function backOffMs(turn: Turn, attempt: number, minMs: number, maxMs: number): number {
  return drawUpTo(turn, Math.min(maxMs, minMs * 2 ** Math.min(attempt, 20)));
}
