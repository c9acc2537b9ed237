import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ManyFacts, ManyJob } from "./many-process.ts";
import { information, median, type Row, ratio } from "./row.ts";

/** The first ones pay for the code that all of them share. */
const COUNTS: [number, number] = [500, 1_500];
const ROUNDS = 3;
/**
 * The young generation of both is held to 1 MB: by default it grows to 16 MB and more with what was ever allocated, by
 * chance at one count or the other, and the difference says more of that than of doorbells. And both heaps are compacted
 * before they are measured: the holes between what stays are as large as what was only needed to connect, differ by
 * kilobytes from round to round, and are the next doorbell's to fill.
 */
const NODE = ["--expose-gc", "--max-semi-space-size=1", "--compact-on-every-full-gc"];

/** What one doorbell more costs a process that has many, against one MQTT.js connection more in one that has as many. */
export async function manyRows(brokerUrl: string): Promise<Row[]> {
  const ours: ManyFacts[] = [];
  const bare: ManyFacts[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(await oneMore({ kind: "doorbells", url: brokerUrl, counts: COUNTS }));
    bare.push(await oneMore({ kind: "bare", url: brokerUrl, counts: COUNTS }));
  }
  const kB = (facts: ManyFacts[], of: keyof ManyFacts) => median(facts.map((one) => one[of])) / 1e3;
  const [from, to] = COUNTS;
  return [
    {
      what: `memory that a live doorbell takes in one process (${to} less ${from} of them, simulated hardware, young generation 1 MB, heap compacted)`,
      reference: "an MQTT.js connection in one process of as many, same subscriptions and will",
      results: [
        ratio("resident, p50", "kB", kB(ours, "residentBytes"), kB(bare, "residentBytes"), 1.25),
        information("heap, p50", "kB", kB(ours, "heapBytes"), kB(bare, "heapBytes")),
      ],
    },
  ];
}

/** The mean cost of each between the two counts. */
async function oneMore(job: ManyJob): Promise<ManyFacts> {
  const child = fork(fileURLToPath(new URL("./many-process.js", import.meta.url)), [JSON.stringify(job)], {
    execArgv: NODE,
  });
  const told: ManyFacts[] = [];
  child.on("message", (facts) => told.push(facts as ManyFacts));
  const [code] = await once(child, "exit");
  const [first, second] = told;
  if (!first || !second) throw new Error(`the process of many ended with ${code}`);
  const [from, to] = job.counts;
  return {
    residentBytes: (second.residentBytes - first.residentBytes) / (to - from),
    heapBytes: (second.heapBytes - first.heapBytes) / (to - from),
  };
}
