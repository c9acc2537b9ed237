import { type Checker, type Evidence, wentAtOnce } from "./evidence.ts";
import { fatesOf } from "./fates.ts";

/**
 * Nothing that happened is lost in silence while the power stays: each ring has its press event, and each row that
 * the agent made ends in one of the three ways. Only the power, the end of the process, or a disk that fails at the end may take what was
 * not accepted yet.
 */
export const kept: Checker = {
  name: "kept",
  check(evidence) {
    return lostOf(evidence)
      .filter(({ excused }) => !excused)
      .map(({ id }) => `${id} happened and is lost, though the power stayed`);
  },
};

/** Presses that rang, were not accepted in time, and went with the power. The only loss there may be. */
export function lostWithThePower(evidence: Evidence): number {
  return lostOf(evidence).filter(({ id, excused }) => excused && id.includes("-p")).length;
}

function lostOf(evidence: Evidence): { id: string; excused: boolean }[] {
  const fateOf = fatesOf(evidence);
  const lost: { id: string; excused: boolean }[] = [];
  for (const powerOn of evidence.powerOns) {
    const excused = wentAtOnce(powerOn) || powerOn.diskless;
    for (let sequence = 1; sequence <= powerOn.ringsMs.length; sequence += 1) {
      const id = `${powerOn.epoch}-p${sequence}`;
      if (evidence.accepted.has(id)) continue;
      if (fateOf({ id, epoch: powerOn.epoch, lane: "press", sequence }) === "lost")
        lost.push({ id, excused });
    }
  }
  for (const [id, { row, powerOn }] of evidence.rows) {
    if (row.lane === "press" || evidence.accepted.has(id) || fateOf(row) !== "lost") continue;
    const own = evidence.powerOns[powerOn];
    lost.push({ id, excused: own !== undefined && (wentAtOnce(own) || own.diskless) });
  }
  return lost;
}
