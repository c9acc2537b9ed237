import { describe, expect, it } from "vitest";
import { CHECKERS } from "../../simulator/checkers/index.ts";
import { runWorld } from "../../simulator/virtual/run.ts";
import { BROKEN_AGENTS, type BrokenAgent } from "./broken-agents.ts";

const SEEDS = 1_000;

/** The first seed in which the checker sees it, or null. */
function firstCatch({ checker, settings, tamper }: BrokenAgent): number | null {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const run = runWorld({ seed, tamper, ...(settings ? { settings } : {}) });
    if (run.violations.some((violation) => violation.checker === checker)) return seed;
  }
  return null;
}

it("has a broken agent for each checker: one that never found anything proves nothing", () => {
  const proven = new Set(BROKEN_AGENTS.map(({ checker }) => checker));
  expect(CHECKERS.map(({ name }) => name).filter((name) => !proven.has(name))).toEqual([]);
});

describe("an agent that is broken on purpose is caught", () => {
  const agents = BROKEN_AGENTS.map((agent) => [agent.name, agent.checker, agent] as const);
  it.each(agents)(`%s: by "%s", within ${SEEDS} seeds`, (_name, _checker, agent) => {
    const seed = firstCatch(agent);
    expect(seed).not.toBeNull();
  });
});
