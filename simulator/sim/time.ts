import { UsageError } from "../../agent/contract/errors.ts";
import { QUANTITIES } from "./quantities.ts";

/** Whole milliseconds, or text such as `200ms`, `2.5s` or `1h30m`. */
export type Time = number | string;

/** @throws UsageError when it is no time, or less than `leastMs`. */
export function inMs(time: Time, what: string, leastMs = 0): number {
  const ms = typeof time === "number" ? time : QUANTITIES.duration.parse(time);
  if (typeof ms === "number" && Number.isSafeInteger(ms) && ms >= leastMs) return ms;
  const hint = typeof ms === "string" && ms !== "" ? ` (${ms})` : "";
  const least = leastMs === 0 ? "" : `, at least ${QUANTITIES.duration.format(leastMs)}`;
  throw new UsageError(
    `${what}: found ${JSON.stringify(time)}, allowed: ${QUANTITIES.duration.words}, or whole milliseconds${least}${hint}`,
  );
}
