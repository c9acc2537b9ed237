import { QUANTITIES } from "../sim/quantities.ts";
import { failuresOf } from "./junit.ts";
import type { ScenarioResult } from "./result.ts";

const inTime = QUANTITIES.duration.format;

/** What came of one scenario, for a person. */
export function resultLines(result: ScenarioResult): string[] {
  const { name, passed, held, said, storyMs, wallMs, stage } = result;
  const expectations = held === 1 ? "1 expectation" : `${held} expectations`;
  const time =
    stage === "virtual" ? `${inTime(storyMs)} of virtual time in ${wallMs} ms` : `in ${inTime(wallMs)}`;
  return [
    `${passed ? "passed" : "FAILED"}  ${name}: ${expectations} held, ${time}`,
    ...said.map(({ atMs, text }) => `  ${inTime(atMs)}: ${text}`),
    ...failuresOf(result).flatMap(({ text }) => text.split("\n").map((line) => `  ${line}`)),
    ...(result.failure ? [`  at ${inTime(result.failure.atMs)} of the story`] : []),
  ];
}

/** Many results as a table, and what was wrong with those that failed. */
export function tableLines(results: readonly ScenarioResult[]): string[] {
  const rows = results.map((result) => [
    result.passed ? "passed" : "FAILED",
    result.name,
    String(result.held),
    inTime(result.storyMs),
    `${result.wallMs} ms`,
  ]);
  const failed = results.filter(({ passed }) => !passed);
  const wallMs = results.reduce((sum, one) => sum + one.wallMs, 0);
  return [
    ...columns([["", "scenario", "expectations", "story", "took"], ...rows]),
    "",
    ...failed.flatMap(resultLines),
    `${results.length - failed.length} of ${results.length} scenarios passed, in ${wallMs} ms`,
  ];
}

/** Lines of cells under one another. */
export function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
