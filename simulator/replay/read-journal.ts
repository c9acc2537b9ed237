import { isUtf8 } from "node:buffer";
import type { Static } from "typebox";
import { Value } from "typebox/value";
import { UsageError } from "../../agent/contract/errors.ts";
import type { Action } from "../../agent/core/actions.ts";
import type { Input } from "../../agent/core/inputs.ts";
import {
  CheckpointLine,
  CrashLine,
  type Header,
  HeaderLine,
  InputLine,
  JOURNAL_FORMAT,
} from "../../agent/journal/format.ts";

/** What the core did with an input: these actions, or it threw. */
export type Outcome = { actions: readonly Action[]; thrown: null } | { actions: null; thrown: string };

/** The settings and all slices, as the journal has them: of whatever version. */
export type Checkpoint = Static<typeof CheckpointLine>["checkpoint"];

/** What a journal holds, by line (from 1). A `problem` is the last item: nothing after it can be read. */
export type JournalItem =
  | { kind: "checkpoint"; line: number; checkpoint: Checkpoint; missing: number }
  | { kind: "input"; line: number; n: number; input: Input; recorded: Outcome }
  | { kind: "problem"; line: number; text: string };

/** A journal's first line. */
export interface JournalHead extends Header {
  /** Why what follows may be misread; null when this program knows the format. */
  warning: string | null;
}

/**
 * Reads the header.
 * @throws UsageError in one line when this is no journal.
 */
export function readHead(bytes: Buffer): JournalHead {
  if (bytes.length === 0) throw new UsageError("line 1: the file is empty, where a journal has its header");
  const end = bytes.indexOf("\n");
  if (end < 0 && bytes.toString("latin1").startsWith('{"journal":"porchlight"'))
    throw new UsageError("line 1: the journal is cut short within its header, so there is nothing to replay");
  const header = parsed(bytes.subarray(0, Math.max(0, end)));
  if (!Value.Check(HeaderLine, header)) {
    throw new UsageError("line 1: not a journal, whose header is made by porchlight agent --journal FILE");
  }
  const { format } = header;
  const warning =
    format === JOURNAL_FORMAT
      ? null
      : `line 1: a journal of format ${format}, and this program reads ${JOURNAL_FORMAT}: replayed as far as it is alike`;
  return { ...header, warning };
}

/**
 * Reads what follows the header, one line at a time, up to the end or the first thing that is wrong. Never throws.
 */
export function* readItems(bytes: Buffer): Generator<JournalItem> {
  let line = 1;
  let inputs: number | null = null;
  for (let from = bytes.indexOf("\n") + 1; from < bytes.length; ) {
    line += 1;
    const end = bytes.indexOf("\n", from);
    const item: NumberedItem =
      end < 0
        ? problem(line, `cut short: its last ${bytes.length - from} bytes are no whole line`)
        : itemOf(bytes.subarray(from, end), line, inputs);
    yield item;
    if (item.kind === "problem") return;
    if (item.kind === "input") inputs = item.n;
    else inputs = item.inputsBefore;
    from = end + 1;
  }
  if (line === 1) yield problem(2, "the journal ends here, where its checkpoint should be");
}

function itemOf(bytes: Buffer, line: number, inputs: number | null): NumberedItem {
  const content = parsed(bytes);
  if (content === undefined) return problem(line, "not JSON in UTF-8: the file is damaged here");
  if (Value.Check(CheckpointLine, content)) {
    const { checkpoint, inputsBefore, missing } = content;
    const expected = inputs === null ? inputsBefore : inputs + missing;
    if (inputsBefore !== expected) return hole(line, expected + 1, inputsBefore + 1);
    return { kind: "checkpoint", line, checkpoint, inputsBefore, missing };
  }
  const isInput = Value.Check(InputLine, content);
  if (!isInput && !Value.Check(CrashLine, content))
    return problem(line, "neither a checkpoint nor an input with its actions");
  if (inputs === null) return problem(line, "an input, where the checkpoint should be");
  if (content.n !== inputs + 1) return hole(line, inputs + 1, content.n);
  const input = content.input as Input;
  const recorded: Outcome = isInput
    ? { actions: content.actions as Action[], thrown: null }
    : { actions: null, thrown: (content as Static<typeof CrashLine>).thrown };
  return { kind: "input", line, n: content.n, input, recorded };
}

type NumberedItem = JournalItem &
  ({ kind: "checkpoint"; inputsBefore: number } | { kind: "input" | "problem" });

function hole(line: number, expected: number, found: number): JournalItem & { kind: "problem" } {
  const what =
    found > expected
      ? `${found - expected} inputs are missing before it, and not marked`
      : "it is out of order";
  return problem(line, `input ${found}, where input ${expected} should be: ${what}`);
}

function problem(line: number, text: string): JournalItem & { kind: "problem" } {
  return { kind: "problem", line, text };
}

/** Undefined when it is not JSON, or not UTF-8. */
function parsed(bytes: Buffer): unknown {
  if (!isUtf8(bytes)) return undefined;
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
