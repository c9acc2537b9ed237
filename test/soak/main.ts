import { parseArgs } from "node:util";
import { runManySeeds } from "../../simulator/virtual/many-seeds.ts";

/** `npm run soak`: many seeds of the first world on all cores; exit 1 when anything was violated. */
const { values } = parseArgs({
  options: {
    from: { type: "string", default: "1" },
    seeds: { type: "string", default: "10000" },
    hours: { type: "string", default: "1" },
    json: { type: "boolean", default: false },
  },
});
const from = Number(values.from);
const to = from + Number(values.seeds) - 1;
const startedAt = performance.now();
const seconds = () => ((performance.now() - startedAt) / 1_000).toFixed(1);
const totals = await runManySeeds(
  { from, to, hours: Number(values.hours), faults: "harsh" },
  (line) => console.error(line),
  ({ runs, violations }) => {
    if (process.stderr.isTTY)
      process.stderr.write(`\r${runs} seeds, ${violations} violations, ${seconds()} s `);
  },
);
if (process.stderr.isTTY) process.stderr.write("\n");
if (values.json) console.log(JSON.stringify(totals));
else {
  const virtualHours = Math.round(totals.virtualMs / 3_600_000);
  console.log(
    `${totals.runs} seeds (${from}…${to}), ${virtualHours} virtual hours, ${totals.inputs} inputs in ${seconds()} s`,
  );
  console.log(
    `${totals.presses} presses rang: ${totals.accepted} accepted, ${totals.delivered} delivered (${totals.late} late), ` +
      `${totals.inOutbox} in an outbox, ${totals.lostWithThePower} lost with the power, ${totals.forgotten} lost by a broker`,
  );
  console.log(
    `${totals.powerCuts} power cuts, ${totals.clips} clips, ${totals.dropped} events dropped and declared`,
  );
  console.log(`${totals.violations} violations`);
}
process.exitCode = totals.violations === 0 ? 0 : 1;
