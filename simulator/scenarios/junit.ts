import { galleryName } from "./gallery.ts";
import type { ScenarioResult } from "./result.ts";

/**
 * The results as a JUnit report (the common schema of Ant and Jenkins): one suite, one case a scenario. A scenario that
 * failed has each thing that was wrong as a failure of its case; what it said is its output.
 */
export function junitReport(results: readonly ScenarioResult[]): string {
  const failed = results.filter(({ passed }) => !passed).length;
  const seconds = (ms: number) => (ms / 1_000).toFixed(3);
  const total = seconds(results.reduce((sum, { wallMs }) => sum + wallMs, 0));
  const counts = `tests="${results.length}" failures="${failed}" errors="0" skipped="0" time="${total}"`;
  const cases = results.map((result) => {
    const { name, file, stage, wallMs, said } = result;
    const head = `    <testcase name="${xml(name)}" classname="${xml(`${stage}.${galleryName(file)}`)}" time="${seconds(wallMs)}">`;
    const failures = failuresOf(result).map(
      ({ type, text }) =>
        `      <failure type="${xml(type)}" message="${xml(text.split("\n", 1).join(""))}">${xml(text)}</failure>`,
    );
    const output = said.map(({ atMs, text }) => `${atMs} ms: ${text}`).join("\n");
    const out = output === "" ? [] : [`      <system-out>${xml(output)}</system-out>`];
    return [head, ...failures, ...out, "    </testcase>"].join("\n");
  });
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="porchlight scenarios" ${counts}>`,
    ...cases,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}

/** Everything that was wrong with a scenario, each with what kind of thing it is. */
export function failuresOf({ failure, violations, file }: ScenarioResult): { type: string; text: string }[] {
  return [
    ...(failure
      ? [{ type: "expectation", text: `${file}:${failure.line}:${failure.column}: ${failure.text}` }]
      : []),
    ...violations.map(({ checker, detail }) => ({ type: checker, text: `${checker}: ${detail}` })),
  ];
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
};
/** What XML 1.0 (§2.2) allows in no way, not even as a reference. */
const NO_CHARACTER = /[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu;

/** Text for an attribute or for content; what cannot stand in XML becomes U+FFFD. */
export function xml(text: string): string {
  const line = (character: string) => `&#${character.charCodeAt(0)};`;
  return text
    .replaceAll(NO_CHARACTER, "\ufffd")
    .replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? character)
    .replaceAll(/[\t\n\r]/g, line);
}
