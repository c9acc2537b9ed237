import type { Place } from "../../agent/config/read-yaml.ts";
import type { Violation } from "../checkers/evidence.ts";
import type { Played } from "./play.ts";
import type { ReadScenario } from "./read.ts";

/** What came of one scenario. */
export interface ScenarioResult {
  name: string;
  file: string;
  stage: "virtual" | "live";
  passed: boolean;
  /** The expectation that did not hold, with its place in the file. */
  failure: (Place & { atMs: number; text: string }) | null;
  /** What must hold in every run and did not. */
  violations: Violation[];
  /** Expectations that held. */
  held: number;
  said: Played["said"];
  /** How long the story went on, on its stage's clock. */
  storyMs: number;
  /** How long that took here. */
  wallMs: number;
  /** Of a virtual run: the same file and version have the same on every machine. */
  fingerprint: string | null;
}

/**
 * Plays a scenario on a stage of its own: puts it up, plays, waits until everything has settled, checks what must hold,
 * and takes it down. @throws ConfigurationError when the scenario has a step that this stage cannot play.
 */
export interface Theatre {
  (read: ReadScenario): Promise<ScenarioResult>;
  /** Looks at all of them before the first is played. @throws what `Theatre` would. */
  refuse?(reads: readonly ReadScenario[]): Promise<void>;
}

/** Puts together what came of a scenario that was played. */
export function resultOf(
  read: ReadScenario,
  played: Played,
  more: Pick<ScenarioResult, "stage" | "violations" | "storyMs" | "wallMs" | "fingerprint">,
): ScenarioResult {
  const { failure, held, said } = played;
  const place = failure ? (read.steps[failure.step] ?? { line: 1, column: 1 }) : null;
  return {
    name: read.scenario.name,
    file: read.file,
    passed: failure === null && more.violations.length === 0,
    failure: failure && place ? { ...place, atMs: failure.atMs, text: failure.text } : null,
    held,
    said,
    ...more,
  };
}
