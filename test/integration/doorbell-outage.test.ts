import { describe, expect, it } from "vitest";
import { runKills } from "./stories/kills.ts";
import { runOutage } from "./stories/outage.ts";

// Each has a broker and a doorbell of its own, and mostly waits.
describe.concurrent("a doorbell whose link fails", () => {
  it("delivers an old press late and a young one live, each once, in order, and their clips whole", async () => {
    const told = await runOutage({ protocol: "5", pressAtS: [1, 34], endsAtS: 37 });
    expect(told.presses).toEqual([
      { topic: "late/press", sequence: 1, ring: false },
      { topic: "event/press", sequence: 2, ring: true },
    ]);
    expect(told.clips.map(({ whole }) => whole)).toEqual([true, true]);
    expect(told.trouble).toEqual([]);
    expect(told.gaps).toBe(0);
  });

  it("delivers every accepted press, and every clip whole or marked, after kill -9 in the middle", async () => {
    const told = await runKills({ kills: 2, seed: 5, forget: false });
    expect(told.accepted.length).toBeGreaterThanOrEqual(4);
    expect(told.lost).toEqual([]);
    expect(told.unexplained).toEqual([]);
    expect(told.clips.filter(({ whole, end }) => !whole && end === "finished")).toEqual([]);
    expect(told.trouble).toEqual([]);
  });

  it("would not, were the outbox only in memory", async () => {
    const told = await runKills({ kills: 1, seed: 5, forget: true });
    expect(told.accepted.length).toBeGreaterThan(0);
    expect(told.lost).toEqual(told.accepted);
  });
});
