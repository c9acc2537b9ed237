import { describe, expect, it } from "vitest";
import type { Settings } from "../../agent/contract/settings.ts";
import { initialState } from "../../agent/core/state.ts";
import { step } from "../../agent/core/step.ts";
import type { Ports } from "../../agent/ports.ts";
import type { Tamper } from "../../simulator/virtual/doorbell.ts";
import { FAULT_KINDS } from "../../simulator/virtual/faults.ts";
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
    let virtualMs = 0;
    for (let seed = 1; seed <= SEEDS; seed += 1) {
      const run = runWorld({ seed, ...HARSH });
      add(totals, run);
      violations.push(...inWords(run));
      virtualMs += run.virtualMs;
      expect(Object.keys(run.struck).length).toBeGreaterThanOrEqual(3);
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
    // A fault that never strikes proves nothing at all.
    expect(FAULT_KINDS.filter((kind) => !totals.struck[kind])).toEqual([]);
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
      // It does not count what it sends of its own accord.
      const found = inWords(runWorld({ seed, tamper: inTwoParts(0) }));
      expect(found.filter((line) => !line.includes(": uplink: "))).toEqual([]);
    }
  });

  it("is the same again from the same seed, whatever the host does meanwhile", () => {
    for (const seed of [3, 14, 159]) {
      const first = runWorld({ seed });
      const again = runWorld({ seed, trace: dawdle, tamper: dawdling });
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

/** Takes the host's time, now and then, for as long as it likes: nobody knows when and how long. */
function dawdle(): void {
  if (Math.random() > 0.02) return;
  const until = performance.now() + Math.random() * 2;
  while (performance.now() < until);
}

/** Each call of each port may take a while of the host's time. */
const dawdling: Tamper = (ports) => {
  const slow = <Port extends object>(port: Port): Port =>
    new Proxy(port, {
      get(target, name) {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]) => {
          dawdle();
          return Reflect.apply(value, target, args);
        };
      },
    });
  return Object.fromEntries(
    Object.entries(ports).map(([name, port]) => [name, slow(port)]),
  ) as unknown as Ports;
};

function traced(seed: number): { lines: string[]; run: RunResult } {
  const lines: string[] = [];
  const run = runWorld({ seed, trace: (line) => lines.push(line) });
  return { lines, run };
}
