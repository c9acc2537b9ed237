import { xml } from "../scenarios/junit.ts";
import { columns } from "../scenarios/report.ts";
import type { CaseResult, ConformanceResult } from "./run.ts";

const WORDS = { passed: "passed", failed: "FAILED", unjudged: "not judged" } as const;

/** The table, and what could not be judged. */
export function reportLines({ cases, receipts, answers, troubles, ok }: ConformanceResult): string[] {
  const rows = cases.map(({ verdict, name, plays, wallMs }) => [WORDS[verdict], name, `${wallMs} ms`, plays]);
  const failed = cases.filter(({ verdict }) => verdict === "failed");
  const passed = cases.filter(({ verdict }) => verdict === "passed");
  return [
    ...columns([["", "case", "took", "what is played"], ...rows]),
    "",
    ...judgedBy(receipts, answers),
    ...troubles,
    ...failed.flatMap(({ name, expects, failures }) => [
      `${name}: must come back: ${expects}`,
      ...failures.map((failure) => `  ${failure}`),
    ]),
    ...cases.filter((one) => one.verdict !== "failed" && one.reason !== "" && answers).map(leftOut),
    `${passed.length} of ${cases.length} cases passed${ok ? "" : ": this consumer does not conform"}`,
  ];
}

/** What there is to judge it by, where that is not everything. */
function judgedBy(receipts: boolean, answers: boolean): string[] {
  if (receipts && answers) return [];
  if (receipts) return ["This consumer answers no questions: the cases are judged by receipts alone."];
  if (answers)
    return ["This consumer does not give every receipt: the other cases are judged by answers alone."];
  return ["This consumer gives no receipts and answers no questions: nothing else can be judged."];
}

function leftOut({ name, reason }: CaseResult): string {
  return `${name}: ${reason}`;
}

/** The same as a JUnit report: one case each; what was not judged is skipped. */
export function conformanceJunit({ cases, troubles }: ConformanceResult): string {
  const count = (verdict: CaseResult["verdict"]) => cases.filter((one) => one.verdict === verdict).length;
  const seconds = (ms: number) => (ms / 1_000).toFixed(3);
  const total = seconds(Math.max(0, ...cases.map(({ wallMs }) => wallMs)));
  const counts = `tests="${cases.length}" failures="${count("failed")}" errors="0" skipped="${count("unjudged")}" time="${total}"`;
  const body = cases.map(({ name, wallMs, verdict, failures, reason }) => {
    const inside = [
      ...failures.map((failure) => `      <failure type="conformance" message="${xml(failure)}"/>`),
      ...(verdict === "unjudged" ? [`      <skipped message="${xml(reason)}"/>`] : []),
    ];
    const head = `    <testcase name="${xml(name)}" classname="conformance" time="${seconds(wallMs)}"`;
    return inside.length === 0 ? `${head}/>` : [`${head}>`, ...inside, "    </testcase>"].join("\n");
  });
  const out = troubles.length === 0 ? [] : [`    <system-err>${xml(troubles.join("\n"))}</system-err>`];
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites ${counts}>`,
    `  <testsuite name="porchlight conformance" ${counts}>`,
    ...body,
    ...out,
    "  </testsuite>",
    "</testsuites>",
    "",
  ].join("\n");
}
