import { describe, expect, it } from "vitest";
import { planVisits } from "../../../simulator/virtual/visits.ts";
import { Chance } from "../../../simulator/world/chance.ts";

const BUTTON = { bouncePermille: 250, ghostPermille: 80, stuckPermille: 20, leans: 1 };

describe("the visitors of a run", () => {
  it("press one after another, and have let go before the end", () => {
    for (let seed = 1; seed <= 500; seed += 1) {
      const durationMs = 3_600_000;
      let freeAtMs = 0;
      for (const { atMs, holdMs, chatterMs } of planVisits(new Chance(seed), durationMs, 8, BUTTON)) {
        expect(atMs).toBeGreaterThanOrEqual(freeAtMs);
        freeAtMs = atMs + holdMs + 2 * chatterMs;
        expect(freeAtMs).toBeLessThanOrEqual(durationMs - 10_000);
      }
    }
  });
});
