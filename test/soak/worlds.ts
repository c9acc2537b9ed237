import { playSeeds } from "../../simulator/virtual/many.ts";
import { progressLine, totalLines, violationLines } from "../../simulator/virtual/report.ts";

/** Many seeds on all cores. Answers what is to be said of them; throws when anything was violated. */
export async function soakWorlds(options: { seeds: number; from: number; hours: number }): Promise<string[]> {
  const { from, seeds, hours } = options;
  const to = from + seeds - 1;
  const startedAt = performance.now();
  const worlds = { hours, faults: "harsh", doorbells: 1 } as const;
  const result = await playSeeds({ from, to }, worlds, (progress) => {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${progressLine(progress)}`);
  });
  if (process.stderr.isTTY) process.stderr.write("\n");
  for (const line of violationLines(result.violations, worlds)) console.error(line);
  if (result.violations.length > 0) throw new Error(`${result.violations.length} violations`);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  const virtualHours = Math.round(result.virtualMs / 3_600_000);
  return [
    `${result.runs} seeds (${from}…${to}), ${virtualHours} virtual hours, ${result.totals.inputs} inputs in ${seconds} s`,
    ...totalLines(result),
    "0 violations",
  ];
}
