import { expect, it } from "vitest";
import type { ConfigurationRecord } from "../../device/ports/configuration-store.ts";
import { playStory } from "../../simulator/virtual/run.ts";
import { drawStory } from "../../simulator/virtual/story.ts";

const WORLDS = 10;

it("in worlds where much is desired, by whoever may and whoever may not, the checkers find nothing", () => {
  const seen = new Map<string, number>();
  const count = (what: string) => seen.set(what, (seen.get(what) ?? 0) + 1);
  let worlds = 0;
  for (let seed = 1; worlds < WORLDS; seed += 1) {
    const story = drawStory({ seed, hours: 1, faults: "harsh", doorbells: 1 });
    if (!story.doorbells[0]?.configurations) continue;
    worlds += 1;
    const trace = (line: string) => {
      const record = recordIn(line);
      if (record?.trial?.starts === 0) count("taken up");
      else if (record && !record.trial && !record.rolledBack) count("applied");
      else if (record?.rolledBack) count("rolled back");
      if (record && record.ownerCounter > 0) count("of the owner");
    };
    expect({ seed, violations: playStory(story, { trace }).violations }).toEqual({ seed, violations: [] });
  }
  for (const what of ["taken up", "applied", "of the owner"]) expect(seen.get(what), what).toBeGreaterThan(3);
});

function recordIn(line: string): ConfigurationRecord | null {
  const at = line.indexOf(" configured {");
  return at < 0 ? null : JSON.parse(line.slice(line.indexOf("{", at)));
}
