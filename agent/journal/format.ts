import { type Static, Type } from "typebox";
import type { Action } from "../core/actions.ts";
import type { Input } from "../core/inputs.ts";
import type { State } from "../core/state.ts";

/**
 * A journal is JSON lines in UTF-8: a header, a checkpoint, and then each input with the actions that it led to. Where
 * inputs are missing because they could not be written, another checkpoint stands and says how many.
 * This is the number of that format; it changes when an older reader would misread a journal.
 */
export const JOURNAL_FORMAT = 1;

/** Line 1. `start`: the first input is the process's own first; else what went before is not in this file. */
export const HeaderLine = Type.Object({
  journal: Type.Literal("porchlight"),
  format: Type.Integer({ minimum: 1 }),
  /** Of the porchlight that wrote it. */
  version: Type.String(),
  begins: Type.Enum(["start", "checkpoint"]),
});

/** The whole state. `inputsBefore` of this process led to it; the last `missing` of them are in no journal. */
export const CheckpointLine = Type.Object({
  checkpoint: Type.Object({ settings: Type.Object({}) }),
  inputsBefore: Type.Integer({ minimum: 0 }),
  missing: Type.Integer({ minimum: 0 }),
});

const JournalledInput = Type.Object({
  type: Type.String(),
  occurredAt: Type.Number(),
  now: Type.Number(),
});

/** Input number `n` of this process, from 1, and what it led to. */
export const InputLine = Type.Object({
  n: Type.Integer({ minimum: 1 }),
  input: JournalledInput,
  actions: Type.Array(Type.Object({ type: Type.String() })),
});

/** The input on which the core threw this: a bug, and the last line of its process. */
export const CrashLine = Type.Object({
  n: Type.Integer({ minimum: 1 }),
  input: JournalledInput,
  thrown: Type.String(),
});

export type Header = Static<typeof HeaderLine>;

/** A line as it is written: the schemas above, with the types of the core in them. */
export type JournalLine =
  | Header
  | { checkpoint: Readonly<State>; inputsBefore: number; missing: number }
  | { n: number; input: Input; actions: readonly Action[] }
  | { n: number; input: Input; thrown: string };

/** What a throw is called in a journal. */
export function inOneLine(error: unknown): string {
  return String(error).split("\n", 1)[0] ?? "";
}
