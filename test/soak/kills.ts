import { deepStrictEqual, notDeepStrictEqual } from "node:assert/strict";
import { runKills } from "../integration/stories/kills.ts";

/** `kill -9` at ten random moments while clips record behind a black hole; and the control that must lose presses. */
export async function soakKills(seed: number): Promise<string[]> {
  const told = await runKills({ kills: 10, seed, forget: false });
  deepStrictEqual([told.lost, told.unexplained, told.trouble], [[], [], []]);
  const control = await runKills({ kills: 2, seed, forget: true });
  notDeepStrictEqual(control.lost, []);
  const whole = told.clips.filter((clip) => clip.whole).length;
  const marked = told.clips.filter((clip) => !clip.whole).map(({ end }) => end);
  return [
    `10 kills (seed ${seed}): ${told.accepted.length} accepted presses, all delivered; ${whole} clips whole, ` +
      `${marked.length} marked ${[...new Set(marked)].join(", ")}`,
    `control, an outbox that does not survive: ${control.lost.length} of ${control.accepted.length} accepted presses lost`,
  ];
}
