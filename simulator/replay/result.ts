import { readVersion } from "../../agent/version.ts";
import { type JournalHead, readItems } from "./read-journal.ts";
import { type Replayed, runAgain } from "./run-again.ts";

/** What came of a replay; also what `--json` prints. */
export interface ReplayResult {
  result: "same" | "differs" | "bad";
  format: number;
  /** Of the porchlight that recorded it, and of the one that replayed it. */
  version: string;
  replayedBy: string;
  begins: "start" | "checkpoint";
  /** Inputs replayed, and the actions that they led to here. */
  inputs: number;
  actions: number;
  /** From the first to the last of them, by the device's clock. */
  virtualMs: number;
  /** Inputs that led to something else. */
  differing: number;
  firstDifference: Omit<Difference, "recorded" | "here"> | null;
  /** The first of them in full, as many as were asked for. */
  differences: Difference[];
  /** Inputs that the device could not write, before the line. */
  missing: { line: number; inputs: number }[];
  /** What had to be put right to use a state of another version. */
  remarks: { line: number; text: string }[];
  /** Why it was not read to its end. */
  problem: { line: number; text: string } | null;
}

type Difference = Pick<Replayed, "n" | "line" | "atMs" | "input" | "recorded" | "here">;

/** Replays a journal to its end, or as far as it can be read. Keeps the first `limit` differences. */
export function replayJournal(bytes: Buffer, head: JournalHead, limit: number): ReplayResult {
  const { format, version, begins } = head;
  const result: ReplayResult = {
    ...{ result: "same", format, version, replayedBy: readVersion(), begins },
    ...{ inputs: 0, actions: 0, virtualMs: 0, differing: 0, firstDifference: null },
    ...{ differences: [], missing: [], remarks: [], problem: null },
  };
  runAgain(head, readItems(bytes), {
    replayed: (one) => {
      result.inputs += 1;
      result.actions += one.here.actions?.length ?? 0;
      result.virtualMs = one.atMs;
      if (one.same) return;
      const { n, line, atMs, input, recorded, here } = one;
      result.differing += 1;
      result.firstDifference ??= { n, line, atMs, input };
      if (result.differences.length < limit)
        result.differences.push({ n, line, atMs, input, recorded, here });
    },
    notice: (notice) => {
      const { line } = notice;
      if (notice.kind === "problem") {
        result.problem = { line, text: notice.text };
        return;
      }
      if (notice.missing > 0) result.missing.push({ line, inputs: notice.missing });
      result.remarks.push(...notice.remarks.map((text) => ({ line, text })));
    },
  });
  const isBad = result.problem !== null || head.warning !== null;
  if (result.differing > 0) result.result = "differs";
  else if (isBad) result.result = "bad";
  return result;
}
