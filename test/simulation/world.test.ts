import { describe, expect, it } from "vitest";
import type { Settings } from "../../agent/contract/settings.ts";
import { initialState } from "../../agent/core/state.ts";
import { step } from "../../agent/core/step.ts";
import { type RunResult, runWorld } from "../../simulator/virtual/run.ts";
import { add, nothingYet } from "../../simulator/virtual/totals.ts";
import { inTwoParts } from "./broken-agents.ts";

const SEEDS = 300;
const HARSH = { hours: 1, faults: "harsh" as const };
const inWords = ({ seed, violations }: RunResult) =>
  violations.map(({ checker, detail }) => `seed ${seed}: ${checker}: ${detail}`);

describe("the first world", () => {
  it(`holds in ${SEEDS} seeds of an hour with every kind of fault`, () => {
    const totals = nothingYet();
    const violations: string[] = [];
    const kinds = new Set<string>();
    let virtualMs = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const run = runWorld({ seed, ...HARSH });
      add(totals, run);
      violations.push(...inWords(run));
      virtualMs += run.virtualMs;
      for (const { kind } of run.story.doorbells[0]?.mishaps ?? []) kinds.add(kind);
      expect(run.presses + run.powerCuts).toBeGreaterThan(0);
    }
    expect(violations).toEqual([]);
    // A world in which little happens proves little.
    expect(totals.presses / SEEDS).toBeGreaterThan(10);
    expect(totals.powerCuts).toBeGreaterThan(SEEDS / 3);
    expect(totals.late).toBeGreaterThan(SEEDS);
    expect(totals.dropped).toBeGreaterThan(SEEDS / 3);
    expect(totals.clips).toBeGreaterThan(SEEDS);
    expect(totals.clipsDropped).toBeGreaterThan(SEEDS / 6);
    expect(virtualMs).toBeGreaterThan(SEEDS * 3_600_000);
    expect(kinds.size).toBeGreaterThan(20);
  });

  it("loses nothing and delays nothing where nothing goes wrong", () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const run = runWorld({ seed, faults: "none" });
      expect(run.violations).toEqual([]);
      expect(run).toMatchObject({ late: 0, dropped: 0, lostWithThePower: 0, forgotten: 0, powerCuts: 0 });
      expect(run.delivered).toBe(run.presses);
      expect(run.accepted).toBe(run.presses);
    }
  });

  it("holds for an agent that sends segments whole on one connection and in parts on the next", () => {
    for (let seed = 1; seed <= 40; seed += 1) {
      expect(inWords(runWorld({ seed, tamper: inTwoParts(0) }))).toEqual([]);
    }
  });

  it("is the same again from the same seed, however slow the host is", () => {
    for (const seed of [3, 14, 159]) {
      const [first, again] = [runWorld({ seed }), runWorld({ seed, trace: dawdle() })];
      expect(again.hash).toBe(first.hash);
      expect(again).toEqual(first);
    }
    expect(new Set([1, 2, 3, 4].map((seed) => runWorld({ seed }).hash)).size).toBe(4);
  });

  it("is replayed by its inputs: the same inputs lead the core to the same actions", () => {
    let turns = 0;
    for (const seed of [7, 21, 28]) {
      const { lines, run } = traced(seed);
      const settings = run.story.doorbells[0]?.settings as Settings;
      let state = initialState(structuredClone(settings));
      for (const line of lines) {
        const [, what] = line.split(" ", 2);
        if (what !== "turn") continue;
        const [input, actions] = JSON.parse(line.slice(line.indexOf("[")));
        if (input.type === "agent.started") state = initialState(structuredClone(settings));
        expect(JSON.parse(JSON.stringify(step(state, input)))).toEqual(actions);
        turns += 1;
        // State is plain data: a copy of it goes on as well as it does itself.
        if (turns % 100 === 0) state = structuredClone(state);
      }
    }
    expect(turns).toBeGreaterThan(1_000);
  });
});

/** Takes the host's time, a different one for each line. */
function dawdle(): () => void {
  let lines = 0;
  return () => {
    lines += 1;
    if (lines % 50 !== 0) return;
    const until = performance.now() + (lines % 7) / 10;
    while (performance.now() < until);
  };
}

function traced(seed: number): { lines: string[]; run: RunResult } {
  const lines: string[] = [];
  const run = runWorld({ seed, trace: (line) => lines.push(line) });
  return { lines, run };
}
