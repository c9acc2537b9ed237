import { deepStrictEqual } from "node:assert/strict";
import { playOnBoth } from "../integration/stories/scenarios.ts";

const GALLERY = "simulator/scenarios/gallery";
const FIXTURES = "test/fixtures/scenarios";
/** From the gallery, those that are over within minutes; and what takes an hour there in a minute. */
const FILES = [
  `${GALLERY}/a-double-ring-and-a-long-one.yaml`,
  `${GALLERY}/a-parcel-is-delivered.yaml`,
  `${GALLERY}/the-power-fails-while-a-clip-records.yaml`,
  `${GALLERY}/the-camera-is-unplugged.yaml`,
  `${GALLERY}/the-router-reboots-every-minute.yaml`,
  `${FIXTURES}/two-friends-in-a-minute.yaml`,
];

/**
 * Five scenarios of the gallery and one more, each on a virtual clock and live: the agent as a process, real ffmpeg, a
 * link that breaks, mosquitto. Both must see the same. @throws Error that says what was different.
 */
export async function soakScenarios(): Promise<string[]> {
  const lines: string[] = [];
  for (const file of FILES) {
    const beganMs = performance.now();
    const { virtual, live, broker } = await playOnBoth(file);
    deepStrictEqual([virtual.failure, virtual.violations], [null, []], file);
    deepStrictEqual(live, virtual, file);
    const seen = Object.values(live.counts).reduce((sum, count) => sum + count, 0);
    const tookS = Math.round((performance.now() - beganMs) / 1_000);
    lines.push(
      `${file}: ${live.held} expectations held, the same ${seen} sights, on ${broker}, in ${tookS} s`,
    );
    console.error(lines.at(-1));
  }
  return lines;
}
