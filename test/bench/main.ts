import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { startMosquitto } from "../fixtures/mosquitto.ts";
import { backlogRows } from "./backlog.ts";
import { clipRows } from "./clip.ts";
import { cpuRows } from "./cpu.ts";
import { manyRows } from "./many.ts";
import { pressRows } from "./press.ts";
import { processRows } from "./process.ts";
import { type Row, tableOf } from "./row.ts";
import { slowLinkRows } from "./slow-link.ts";
import { uploadRows } from "./upload.ts";
import { worldRows } from "./world.ts";

/** `npm run bench [-- --only press,upload --json]`: every row beside its reference in the same run, on a mosquitto of its own. */
const PARTS: Record<string, (brokerUrl: string) => Promise<Row[]>> = {
  press: pressRows,
  slow: slowLinkRows,
  clip: clipRows,
  upload: uploadRows,
  backlog: backlogRows,
  process: processRows,
  cpu: cpuRows,
  many: manyRows,
  world: worldRows,
};
const { values } = parseArgs({ options: { json: { type: "boolean" }, only: { type: "string" } } });
const chosen = values.only?.split(",") ?? Object.keys(PARTS);
const rows: Row[] = [];
for (const name of chosen) {
  const part = PARTS[name];
  if (!part) {
    process.stderr.write(`--only takes ${Object.keys(PARTS).join(", ")}\n`);
    process.exit(2);
  }
  process.stderr.write(`bench: ${name} …\n`);
  // A subscriber that is slower than its publisher must not lose what it is to count.
  const broker = await startMosquitto({ config: ["max_queued_messages 0"] });
  rows.push(...(await part(broker.url)));
  await broker.stop();
}
const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`;
if (values.json) process.stdout.write(`${JSON.stringify({ machine, rows })}\n`);
else process.stdout.write(`${machine}\n\n${tableOf(rows)}\n`);
process.exit(0);
