import type { Checker } from "./evidence.ts";
import { fatesOf } from "./fates.ts";

/**
 * Every accepted event ended in one of its three ways: it reached the consumer, it is in the outbox, or it is in a
 * declared drop. An event that a broker acknowledged and lost is that broker's, unless receipts are what settles.
 */
export const accepted: Checker = {
  name: "accepted",
  check(evidence) {
    const fateOf = fatesOf(evidence);
    const wrong: string[] = [];
    for (const [id, how] of evidence.accepted) {
      const known = /^([0-9a-f]{16})-([pe])([0-9]+)$/.exec(id);
      if (!known) {
        wrong.push(`${id} is not an id of ours`);
        continue;
      }
      const [, epoch = "", letter, sequence] = known;
      const lane = letter === "p" ? "press" : "event";
      if (fateOf({ id, epoch, lane, sequence: Number(sequence) }) === "lost") {
        const type = evidence.rows.get(id)?.row.eventType ?? lane;
        wrong.push(`${type} ${id} was accepted (${how}) and is lost`);
      }
    }
    return wrong;
  },
};
