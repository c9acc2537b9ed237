import { runManySeeds } from "../../simulator/virtual/many-seeds.ts";

/** Many seeds of the first world on all cores. Answers what is to be said of them; throws when anything was violated. */
export async function soakWorlds(options: { seeds: number; from: number; hours: number }): Promise<string[]> {
  const { from, seeds, hours } = options;
  const to = from + seeds - 1;
  const startedAt = performance.now();
  const seconds = () => ((performance.now() - startedAt) / 1_000).toFixed(1);
  const totals = await runManySeeds(
    { from, to, hours, faults: "harsh" },
    (line) => console.error(line),
    ({ runs, violations }) => {
      if (process.stderr.isTTY)
        process.stderr.write(`\r${runs} seeds, ${violations} violations, ${seconds()} s `);
    },
  );
  if (process.stderr.isTTY) process.stderr.write("\n");
  if (totals.violations > 0) throw new Error(`${totals.violations} violations`);
  const virtualHours = Math.round(totals.virtualMs / 3_600_000);
  return [
    `${totals.runs} seeds (${from}…${to}), ${virtualHours} virtual hours, ${totals.inputs} inputs in ${seconds()} s`,
    `${totals.presses} presses rang: ${totals.accepted} accepted, ${totals.delivered} delivered (${totals.late} late), ` +
      `${totals.inOutbox} in an outbox, ${totals.lostWithThePower} lost with the power, ${totals.forgotten} lost by a broker`,
    `${totals.powerCuts} power cuts, ${totals.clips} clips, ${totals.clipsDropped} given up, ${totals.dropped} events dropped and declared`,
    "0 violations",
  ];
}
