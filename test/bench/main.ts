import { cpus } from "node:os";
import { startMosquitto } from "../fixtures/mosquitto.ts";
import { clipRows } from "./clip.ts";
import { pressRows } from "./press.ts";
import { processRows } from "./process.ts";
import { tableOf } from "./row.ts";

/** `npm run bench [-- --json]`: every row beside its reference in the same run, on a mosquitto of its own. */
const broker = await startMosquitto();
const rows = [
  ...(await pressRows(broker.url)),
  ...(await clipRows(broker.url)),
  ...(await processRows(broker.url)),
];
await broker.stop();
const machine = `${cpus().length} × ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`;
if (process.argv.includes("--json")) {
  process.stdout.write(`${JSON.stringify({ machine, rows })}\n`);
} else {
  process.stdout.write(`${machine}\n\n${tableOf(rows)}\n`);
}
process.exit(0);
