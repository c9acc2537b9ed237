import { deepStrictEqual } from "node:assert/strict";
import { runOutage } from "../integration/stories/outage.ts";

/** Presses 5, 40 and 80 s into an outage that ends at 120 s, with the real agent and mosquitto, on both protocols. */
export async function soakOutage(): Promise<string[]> {
  const lines: string[] = [];
  for (const protocol of ["5", "3.1.1"] as const) {
    const told = await runOutage({ protocol, pressAtS: [5, 40, 80, 100], endsAtS: 120 });
    deepStrictEqual(told.presses, [
      { topic: "late/press", sequence: 1, ring: false },
      { topic: "late/press", sequence: 2, ring: false },
      { topic: "late/press", sequence: 3, ring: false },
      { topic: "event/press", sequence: 4, ring: true },
    ]);
    deepStrictEqual(
      told.clips.map(({ whole }) => whole),
      [true, true, true, true],
    );
    deepStrictEqual([told.trouble, told.gaps], [[], 0]);
    lines.push(
      `MQTT ${protocol}: ${told.presses.map(({ topic, sequence }) => `${sequence} on ${topic}`).join(", ")}`,
    );
    lines.push(`  each once (${told.duplicates} repeated and recognised), ${told.clips.length} clips whole`);
  }
  return lines;
}
