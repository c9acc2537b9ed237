import { deepStrictEqual, ok } from "node:assert/strict";
import { runCluster } from "../integration/stories/cluster.ts";

const EVENTS_PER_S = 50;
const LONGEST_GAP_MS = 2_000;

/** Three nodes of RabbitMQ 4, each killed in turn, at 50 presses a second: nothing lost, nothing twice, no gap of more than 2 s. */
export async function soakCluster(rounds: number): Promise<string[]> {
  const told = await runCluster({ rounds, eventsPerS: EVENTS_PER_S });
  const lines = [
    `ready in ${(told.readyMs / 1_000).toFixed(1)} s, ${Math.round(told.residentBytes / 1_048_576)} MB`,
    `${told.kills} kills: ${told.pressed} presses, ${told.lost.length} lost, ${told.twice.length} twice, ${told.duplicates} came again and were recognised`,
    `longest gap ${Math.max(...told.silenceMs)} ms (of each kill: ${told.silenceMs.join(", ")})`,
    `longest from press to consumer ${Math.max(...told.latencyMs)} ms (of each kill: ${told.latencyMs.join(", ")})`,
  ];
  deepStrictEqual([told.lost, told.twice], [[], []], lines.join("\n"));
  ok(Math.max(...told.silenceMs) <= LONGEST_GAP_MS, lines.join("\n"));
  return lines;
}
