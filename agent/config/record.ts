import { type Static, Type } from "typebox";
import Value from "typebox/value";
import type { ConfigurationProblem, ConfigurationRecord } from "../../device/ports/configuration-store.ts";

const Sections = Type.Record(Type.String(), Type.Record(Type.String(), Type.Unknown()));
const Version = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Wire = Type.Object({ version: Version, settings: Sections, ownerSettings: Sections });
const RecordFile = Type.Object({
  inForce: Wire,
  trial: Type.Union([Type.Object({ starts: Version, before: Wire }), Type.Null()]),
  rolledBack: Type.Union([Type.Object({ version: Version, reason: Type.String() }), Type.Null()]),
  ownerCounter: Version,
});

/** Starts with a configuration on trial: when it has not held by then, it ends the agent before it can say so. */
const MOST_STARTS = 3;

/** Reads the text of a record; null when it is none. */
export function parseRecord(text: string): ConfigurationRecord | null {
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return null;
  }
  return Value.Check(RecordFile, record) ? (record satisfies Static<typeof RecordFile>) : null;
}

/**
 * The record that this start is made with: one more start of a configuration on trial, or what was before it when it has
 * had its starts, or has these problems now. `isNew`: it must be durable before the agent starts.
 */
export function recordAtStart(
  record: ConfigurationRecord,
  problems: readonly ConfigurationProblem[],
): { record: ConfigurationRecord; isNew: boolean } {
  const { trial, inForce } = record;
  if (!trial) return { record, isNew: false };
  const [problem] = problems;
  const starts = trial.starts + 1;
  if (!problem && starts <= MOST_STARTS) {
    return { record: { ...record, trial: { ...trial, starts } }, isNew: true };
  }
  const reason = problem
    ? `${problem.field}: ${problem.reason}`
    : `the agent ended ${MOST_STARTS} times before it held`;
  const rolledBack = { version: inForce.version, reason };
  return { record: { ...record, inForce: trial.before, trial: null, rolledBack }, isNew: true };
}
