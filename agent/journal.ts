import { createHash } from "node:crypto";
import { appendFileSync, closeSync, openSync, writeFileSync } from "node:fs";
import type { Action } from "./core/actions.ts";
import type { Input } from "./core/inputs.ts";
import type { State } from "./core/state.ts";
import { step } from "./core/step.ts";

/** One line of a journal: a checkpoint, or an input with the fingerprint of the actions that it led to. */
type Line = { checkpoint: State } | { input: Input; actions: string };

/** After so many inputs the journal begins anew with a checkpoint, so that it stays bounded. */
const INPUTS_A_CHECKPOINT = 10_000;

/**
 * Writes what happens to an agent as JSON lines: a checkpoint and the inputs after it. It holds what the wire
 * holds, and no key. Mode 0600. A journal is for a desk: it is written synchronously and costs its disk.
 */
export class JournalWriter {
  readonly #file: string;
  #descriptor: number;
  #inputs = 0;

  /** @throws NodeJS.ErrnoException when the file cannot be written. */
  constructor(file: string, initial: State) {
    this.#file = file;
    this.#descriptor = this.#begin(initial);
  }

  /** To be given every input with what it led to, in order. */
  write(input: Input, actions: readonly Action[], after: Readonly<State>): void {
    this.#inputs += 1;
    this.#append({ input, actions: fingerprint(actions) });
    if (this.#inputs % INPUTS_A_CHECKPOINT !== 0) return;
    closeSync(this.#descriptor);
    this.#descriptor = this.#begin(after);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #begin(checkpoint: Readonly<State>): number {
    writeFileSync(this.#file, "", { mode: 0o600 });
    const descriptor = openSync(this.#file, "a");
    this.#descriptor = descriptor;
    this.#append({ checkpoint });
    return descriptor;
  }

  #append(line: Line): void {
    appendFileSync(this.#descriptor, `${JSON.stringify(line)}\n`);
  }
}

/**
 * Runs a journal's inputs through the core again. Answers how many there were, and the first (from 0) whose
 * actions differ from those of the device, or null when none does. A last line that was cut short is left out.
 * @throws Error when the text is not a journal.
 */
export function replayJournal(text: string): { inputs: number; differsAt: number | null } {
  const [first, ...rest] = wholeLines(text);
  if (!first || !("checkpoint" in first)) throw new Error("not a journal: its first line is no checkpoint");
  const state = first.checkpoint;
  for (const [index, line] of rest.entries()) {
    if (!("input" in line)) throw new Error(`not a journal: line ${index + 2} is no input`);
    if (fingerprint(step(state, line.input)) !== line.actions)
      return { inputs: rest.length, differsAt: index };
  }
  return { inputs: rest.length, differsAt: null };
}

function wholeLines(text: string): Line[] {
  const lines = text.split("\n");
  lines.pop();
  return lines.map((line) => JSON.parse(line));
}

function fingerprint(actions: readonly Action[]): string {
  return createHash("sha256").update(JSON.stringify(actions)).digest("hex").slice(0, 16);
}
