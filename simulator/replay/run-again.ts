import { isDeepStrictEqual } from "node:util";
import type { Input } from "../../agent/core/inputs.ts";
import type { State } from "../../agent/core/state.ts";
import { step } from "../../agent/core/step.ts";
import { inOneLine } from "../../agent/journal/format.ts";
import { type Adopted, stateAtStart, stateOfCheckpoint } from "./adopt-state.ts";
import type { JournalHead, JournalItem, Outcome } from "./read-journal.ts";

/** One input, what it led to on the device, and what it leads to here. */
export interface Replayed {
  line: number;
  n: number;
  /** Since the first input of the journal. */
  atMs: number;
  input: Input;
  recorded: Outcome;
  here: Outcome;
  same: boolean;
  /** After the input; it goes on changing. */
  state: Readonly<State>;
}

/** What is worth a word about the journal: where a checkpoint stands in it, and why it could not be read on. */
export type Notice =
  | { kind: "checkpoint"; line: number; missing: number; remarks: string[] }
  | { kind: "problem"; line: number; text: string };

export interface Watcher {
  replayed: (one: Replayed) => void;
  notice: (notice: Notice) => void;
  /** Sees the state before each input. */
  before?: (n: number, state: Readonly<State>) => void;
}

/**
 * Runs the inputs through the core of this program, up to the end of the journal, to what cannot be read in it, or to a
 * throw of the core. Never throws itself.
 */
export function runAgain(head: JournalHead, items: Iterable<JournalItem>, watcher: Watcher): void {
  let state: State | null = null;
  let beganAtMs: number | null = null;
  for (const item of items) {
    if (item.kind === "problem") {
      watcher.notice(item);
      return;
    }
    if (item.kind === "checkpoint") {
      const adopted: Adopted =
        state === null && head.begins === "start"
          ? stateAtStart(item.checkpoint)
          : stateOfCheckpoint(item.checkpoint);
      state = adopted.state;
      watcher.notice({
        kind: "checkpoint",
        line: item.line,
        missing: item.missing,
        remarks: adopted.remarks,
      });
      continue;
    }
    const { line, n, input, recorded } = item;
    if (state === null) throw new Error("a journal's reader puts a checkpoint before the first input");
    beganAtMs ??= input.now;
    watcher.before?.(n, state);
    const here = outcomeOf(state, input);
    const same = isSame(recorded, here);
    watcher.replayed({ line, n, atMs: input.now - beganAtMs, input, recorded, here, same, state });
    if (here.actions) continue;
    if (!same) watcher.notice({ kind: "problem", line, text: `this core threw (${here.thrown}): no way on` });
    return;
  }
}

function outcomeOf(state: State, input: Input): Outcome {
  try {
    // As a journal would have it: what is undefined is not there.
    return { actions: JSON.parse(JSON.stringify(step(state, input))), thrown: null };
  } catch (error) {
    return { actions: null, thrown: inOneLine(error) };
  }
}

function isSame(recorded: Outcome, here: Outcome): boolean {
  return isDeepStrictEqual([recorded.actions, recorded.thrown], [here.actions, here.thrown]);
}
