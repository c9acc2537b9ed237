import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { junitReport, xml } from "../../../simulator/scenarios/junit.ts";
import type { ScenarioResult } from "../../../simulator/scenarios/result.ts";

const passed: ScenarioResult = {
  ...{ name: "A parcel", file: "parcel.yaml", stage: "virtual", passed: true, failure: null, violations: [] },
  ...{ held: 3, said: [], storyMs: 60_000, wallMs: 21, fingerprint: "f" },
};

describe("a JUnit report", () => {
  it("has one case a scenario, with everything that was wrong with it", () => {
    const failed: ScenarioResult = {
      ...passed,
      ...{ name: 'R&D <"test">', passed: false, wallMs: 1_500 },
      failure: { line: 5, column: 3, atMs: 2_250, text: "expected 1 × ring; seen: nothing" },
      violations: [{ checker: "bell", detail: "a press at 5 did not ring\n  somewhere" }],
      said: [{ atMs: 5, text: "hello" }],
    };
    expect(junitReport([passed, failed])).toBe(`<?xml version="1.0" encoding="UTF-8"?>
<testsuites tests="2" failures="1" errors="0" skipped="0" time="1.521">
  <testsuite name="porchlight scenarios" tests="2" failures="1" errors="0" skipped="0" time="1.521">
    <testcase name="A parcel" classname="virtual.parcel" time="0.021">
    </testcase>
    <testcase name="R&amp;D &lt;&quot;test&quot;&gt;" classname="virtual.parcel" time="1.500">
      <failure type="expectation" message="parcel.yaml:5:3: expected 1 × ring; seen: nothing">parcel.yaml:5:3: expected 1 × ring; seen: nothing</failure>
      <failure type="bell" message="bell: a press at 5 did not ring">bell: a press at 5 did not ring&#10;  somewhere</failure>
      <system-out>5 ms: hello</system-out>
    </testcase>
  </testsuite>
</testsuites>
`);
  });

  it("is well-formed XML, whatever stands in it", () => {
    // XML 1.0 §2.2 (Char), §2.4 and §4.1: no markup, no character that is none, only the five names and references.
    const CONTENT = /^(?:[^<>&"'\t\n\r]|&(?:amp|lt|gt|quot|apos|#(?:9|10|13));)*$/u;
    const CHARS = /^[\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u;
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string(), (any, ascii) => {
        for (const text of [any, ascii, `${any}\ud800]]>`]) {
          expect(xml(text)).toMatch(CONTENT);
          expect(xml(text)).toMatch(CHARS);
        }
      }),
    );
    expect(xml("a\u0000\u001b[2J\ud800b")).toBe("a\ufffd\ufffd[2J\ufffdb");
  });
});
