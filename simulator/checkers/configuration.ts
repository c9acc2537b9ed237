import { parseDesired, parseOwnerConfiguration } from "../../agent/contract/configuration.ts";
import type { ConfigurationRecord, WireSettings } from "../../device/ports/configuration-store.ts";
import type { Checker, Evidence } from "./evidence.ts";

/**
 * What is in force from the wire was desired as a whole, is right, and changed what is the owner's only with their newest
 * word; what was given up is what was before it; and nothing stays on trial.
 */
export const configuration: Checker = {
  name: "configuration",
  check(evidence) {
    const wrong: string[] = [];
    let before: ConfigurationRecord | null = null;
    for (const { record, problems, atMs } of evidence.configurations) {
      const what = `version ${record.inForce.version} at ${atMs}`;
      for (const problem of problems) wrong.push(`${what} is in force and wrong: ${problem}`);
      const why = whyNot(record, before, evidence);
      if (why !== null) wrong.push(`${what}: ${why}`);
      before = record;
    }
    if (evidence.settledAfterMs !== null && before?.trial) wrong.push("a configuration stays on trial");
    return wrong;
  },
};

/** Why one record may not follow the one before it; null when it may. */
function whyNot(
  record: ConfigurationRecord,
  last: ConfigurationRecord | null,
  evidence: Evidence,
): string | null {
  const before = last?.inForce ?? { version: 0, settings: {}, ownerSettings: {} };
  const counter = last?.ownerCounter ?? 0;
  const isGivenUp = record.rolledBack !== null && record.rolledBack.version !== last?.rolledBack?.version;
  if (isGivenUp) {
    if (!last?.trial || !same(record.inForce, last.trial.before)) return "not what was before it came back";
    return record.ownerCounter === counter ? null : "the owner's counter changed with it";
  }
  if (same(record.inForce, before)) {
    return record.ownerCounter === counter ? null : "the owner's counter changed by itself";
  }
  const desired = evidence.desired.map(parseDesired);
  for (const one of desired) {
    if (typeof one === "string" || one.version !== record.inForce.version) continue;
    if (!same(one.settings, record.inForce.settings)) continue;
    const kept = same(record.inForce.ownerSettings, before.ownerSettings);
    if (kept && record.ownerCounter === counter) return null;
    const word = one.owner === undefined ? null : evidence.ownersWord(one.owner);
    const signed = word === null ? null : parseOwnerConfiguration(word);
    if (signed === null || typeof signed === "string" || signed.deviceId !== evidence.deviceId) continue;
    if (signed.counter <= counter || signed.counter !== record.ownerCounter) continue;
    if (same(signed.settings, record.inForce.ownerSettings)) return null;
  }
  return "nobody who may has desired this";
}

function same(a: WireSettings | object, b: WireSettings | object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
