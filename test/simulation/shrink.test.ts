import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { readScenario } from "../../simulator/scenarios/read.ts";
import { shrinkSeed } from "../../simulator/scenarios/shrink-command.ts";
import { playVirtual } from "../../simulator/scenarios/virtual-stage.ts";
import { playStory } from "../../simulator/virtual/run.ts";
import { shrink } from "../../simulator/virtual/shrink.ts";
import { drawStory, type Story } from "../../simulator/virtual/story.ts";
import { BROKEN_AGENTS, type BrokenAgent } from "./broken-agents.ts";

const agentThat = (name: string) => BROKEN_AGENTS.find((agent) => agent.name === name) as BrokenAgent;

/** The first seed's story that this agent fails. */
function failing({ tamper, settings, checker }: BrokenAgent, doorbells = 1): Story {
  for (let seed = 1; seed <= 1_000; seed += 1) {
    const story = drawStory({ seed, hours: 1, faults: "harsh", doorbells });
    for (const doorbell of story.doorbells) settings?.(doorbell.settings);
    if (playStory(story, { tamper }).violations[0]?.checker === checker) return story;
  }
  throw new Error("no seed shows it");
}

const happenings = ({ doorbells }: Story) =>
  doorbells.flatMap(({ presses, motions, mishaps }) => [...presses, ...motions, ...mishaps]);

describe("a failing story", () => {
  it.each([
    ["publishes presses retained", 1],
    ["does not see that motion ends", 1],
    ["rings four times out of five", 5],
    // Two outages of the broker's word: a press, and a broker that forgets it.
    ["takes a PUBACK for a receipt", 2],
  ])("of an agent that %s is cut to %i things that happen", (name, least) => {
    const agent = agentThat(name);
    const story = failing(agent);
    expect(happenings(story).length).toBeGreaterThan(10);
    const shrunk = shrink(story, { tamper: agent.tamper });
    expect(shrunk?.checker).toBe(agent.checker);
    const small = shrunk?.story as Story;
    expect(happenings(small).length).toBeLessThanOrEqual(least);
    expect(playStory(small, { tamper: agent.tamper }).violations[0]?.checker).toBe(agent.checker);
    // It is the agent that fails, not the story.
    expect(playStory(small).violations).toEqual([]);
  });

  it("of a town is cut to one doorbell", () => {
    const agent = agentThat("publishes presses retained");
    const shrunk = shrink(failing(agent, 4), { tamper: agent.tamper });
    expect(shrunk?.story.doorbells).toHaveLength(1);
  });

  it("is written as a scenario that fails alike, for its agent alone", () => {
    const { tamper, settings, checker } = agentThat("publishes presses retained");
    expect(settings).toBeUndefined();
    const file = join(mkdtempSync(join(tmpdir(), "shrink-")), "story.yaml");
    const lines: string[] = [];
    const flags = { seed: "1", hours: "1", doorbells: "1", faults: "harsh" };
    expect(shrinkSeed(file, flags, (line) => lines.push(line), { tamper })).toBe(1);
    expect(lines[0]).toMatch(/^retained: /);
    const result = playVirtual(readScenario(file), { tamper });
    expect(result.violations.map((violation) => violation.checker)).toContain(checker);
    expect(playVirtual(readScenario(file)).violations).toEqual([]);
    rmSync(dirname(file), { recursive: true });
  });

  it("that does not fail is not cut", () => {
    expect(shrink(drawStory({ seed: 1, hours: 1, faults: "none", doorbells: 1 }))).toBeNull();
  });
});
