import { spawn } from "node:child_process";
import { once } from "node:events";
import { playStory } from "../../simulator/virtual/run.ts";
import { drawStory } from "../../simulator/virtual/story.ts";
import { peakBytesOf } from "../fixtures/process-facts.ts";
import { programFile } from "../fixtures/programs.ts";
import { atMost, information, median, type Row } from "./row.ts";

const TOWN = 10_000;
/** What every town costs: Node, the code, the doorbells of one shard on each core. */
const SMALL_TOWN = 100;
const DAYS = 20;
const LOOK_EVERY_MS = 100;

/** A day on the virtual clock: of one doorbell, and of a town on all cores. The reference is the clock on the wall. */
export async function worldRows(): Promise<Row[]> {
  const days = Array.from({ length: DAYS + 1 }, (_, number) => oneDay(number));
  const [firstMs = 0, ...laterMs] = days;
  const small = await town(SMALL_TOWN);
  const large = await town(TOWN);
  const eachKb = (large.peakBytes - small.peakBytes) / (TOWN - SMALL_TOWN) / 1e3;
  return [
    {
      what: "a virtual day of one doorbell (20 presses, 200 motions, health each 15 min)",
      reference: "the wall clock",
      results: [
        atMost("p50", "ms", median(laterMs), 100),
        information("the first, with the code still cold", "ms", firstMs),
      ],
    },
    {
      what: `the same day of ${TOWN} doorbells on all cores, and its checkers`,
      reference: "the wall clock",
      results: [
        atMost("whole", "s", large.wallMs / 1e3, 60),
        atMost(`memory for each beyond ${SMALL_TOWN}`, "kB", Math.max(0, eachKb), 10),
        information("peak memory of the process", "MB", large.peakBytes / 1e6),
      ],
    },
  ];
}

function oneDay(number: number): number {
  const part = { shard: 0, from: number, to: number + 1 };
  const story = drawStory({ seed: 1, hours: 24, faults: "none", doorbells: TOWN, part });
  const startedAtMs = performance.now();
  const { violations } = playStory(story);
  if (violations.length > 0) throw new Error(`a day without faults: ${JSON.stringify(violations)}`);
  return performance.now() - startedAtMs;
}

async function town(doorbells: number): Promise<{ wallMs: number; peakBytes: number }> {
  const args = ["world", "--hours", "24", "--faults", "none", "--doorbells", String(doorbells), "--json"];
  const child = spawn(process.execPath, [programFile("simulator"), ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  let text = "";
  child.stdout.on("data", (more) => {
    text += more;
  });
  let peakBytes = 0;
  const looking = setInterval(() => {
    peakBytes = Math.max(peakBytes, peakBytesOf(child.pid ?? 0));
  }, LOOK_EVERY_MS);
  const [code] = await once(child, "close");
  clearInterval(looking);
  if (code !== 0) throw new Error(`porchlight-sim ${args.join(" ")} ended with ${code}`);
  const { wallMs } = JSON.parse(text.trim().split("\n").at(-1) ?? "") as { wallMs: number };
  return { wallMs, peakBytes };
}
