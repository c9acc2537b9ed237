import { writeFileSync } from "node:fs";
import { UsageError, WorldError } from "../../agent/contract/errors.ts";
import { oneSeed, type WorldFlags, worldOptions } from "../virtual/command.ts";
import { commandFor } from "../virtual/report.ts";
import { type PlayOptions, playStory } from "../virtual/run.ts";
import { shrink } from "../virtual/shrink.ts";
import { drawStory, type Story } from "../virtual/story.ts";
import { parseScenario } from "./read.ts";
import { scenarioToStory, storyToScenario } from "./story-file.ts";
import { writeScenario } from "./write.ts";

export type ShrinkFlags = Omit<WorldFlags, "seeds" | "trace" | "json">;

/**
 * `porchlight-sim shrink`: cuts the story of a failing seed to what it needs to fail, and writes it as a scenario that
 * fails alike. Answers the exit code: 1 when it wrote one, 0 when the seed violates nothing.
 * @throws UsageError when a flag makes no sense; WorldError when the file cannot be written.
 */
export function shrinkSeed(
  file: string,
  flags: ShrinkFlags,
  print: (line: string) => void,
  play: PlayOptions = {},
): 0 | 1 {
  const options = worldOptions(flags);
  const seed = oneSeed(flags);
  if (!/\.ya?ml$/.test(file)) throw new UsageError(`${file}: a scenario's file ends in .yaml`);
  const whole = drawStory({ seed, ...options });
  const shrunk = shrink(whole, play);
  if (!shrunk) {
    print(`seed ${seed} violates nothing: there is nothing to cut`);
    return 0;
  }
  const command = commandFor(seed, options);
  if (shrunk.story.doorbells.some(({ configurations = [] }) => configurations.length > 0)) {
    throw new WorldError(
      `seed ${seed}: it takes configuration from the wire to fail, and a scenario has no words for that: ${command}`,
    );
  }
  const about = `What is left of seed ${seed}: it violates "${shrunk.checker}".`;
  const scenario = storyToScenario(shrunk.story, { name: `Seed ${seed}`, about });
  const text = writeScenario(scenario, `Cut from: ${command}`);
  const again = scenarioToStory(parseScenario(file, text).scenario);
  const found = again ? playStory(again, play).violations : [];
  const violation = found.find(({ checker }) => checker === shrunk.checker);
  if (!violation)
    throw new WorldError(`seed ${seed}: what was cut from it fails as a story and not as a file`);
  write(file, text);
  print(`${violation.checker}: ${violation.detail}`);
  print(`${deeds(whole)} things that happen cut to ${deeds(shrunk.story)}, in ${shrunk.runs} worlds`);
  print(`again: porchlight-sim scenario ${file}`);
  return 1;
}

function deeds({ doorbells }: Story): number {
  return doorbells.reduce(
    (sum, { presses, motions, mishaps }) => sum + presses.length + motions.length + mishaps.length,
    0,
  );
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new WorldError(`${file}: cannot be written: ${why}`, { cause: error });
  }
}
