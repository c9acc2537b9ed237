import { describe, expect, it } from "vitest";
import { MISHAP_KINDS, planMishaps } from "../../../simulator/virtual/faults.ts";
import { planSurePresses } from "../../../simulator/virtual/sure-presses.ts";
import { Chance } from "../../../simulator/world/chance.ts";

const SIX_HOURS_MS = 6 * 3_600_000;
const press = (atMs: number) => ({ atMs, holdMs: 200, chatterMs: 0 });

describe("presses that surely ring", () => {
  it("are added until there are enough, apart from each other and from what is there", () => {
    const presses = [press(1_000_000), press(2_000_000)];
    const added = planSurePresses(new Chance(1), presses, [], SIX_HOURS_MS, 22);
    expect(added).toHaveLength(20);
    const times = [...presses, ...added].map(({ atMs }) => atMs).sort((a, b) => a - b);
    for (const [at, atMs] of times.entries()) {
      expect(atMs - (times[at - 1] ?? -Infinity)).toBeGreaterThanOrEqual(15_000);
    }
  });

  it("do not count ghosts, leaning children, or who comes while the power is off", () => {
    const presses = [{ ...press(5_000_000), fault: "button.ghost" as const }, press(8_000_000)];
    const cut = { kind: "power.cut" as const, atMs: 7_900_000, durationMs: 120_000, dose: 0 };
    expect(planSurePresses(new Chance(1), presses, [cut], SIX_HOURS_MS, 5)).toHaveLength(5);
    expect(planSurePresses(new Chance(1), presses, [], SIX_HOURS_MS, 5)).toHaveLength(4);
  });

  it("come when no power is off and no line is lost", () => {
    const counts = Object.fromEntries(MISHAP_KINDS.map((kind) => [kind, 4]));
    for (let seed = 0; seed < 50; seed += 1) {
      const mishaps = planMishaps(new Chance(seed), counts, SIX_HOURS_MS, []);
      const added = planSurePresses(new Chance(seed), [], mishaps, SIX_HOURS_MS, 22);
      expect(added).toHaveLength(22);
      for (const { atMs } of added) {
        const off = mishaps.filter(({ kind }) => kind === "power.cut" || kind === "button.line-lost");
        expect(off.some((mishap) => atMs >= mishap.atMs && atMs <= mishap.atMs + mishap.durationMs)).toBe(
          false,
        );
      }
    }
  });

  it("are fewer where nothing leaves room for them", () => {
    const cut = { kind: "power.cut" as const, atMs: 1, durationMs: SIX_HOURS_MS, dose: 0 };
    expect(planSurePresses(new Chance(1), [], [cut], SIX_HOURS_MS, 22)).toEqual([]);
  });
});
