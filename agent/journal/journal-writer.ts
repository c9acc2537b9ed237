import { UsageError } from "../contract/errors.ts";
import type { Action } from "../core/actions.ts";
import type { Input } from "../core/inputs.ts";
import type { State } from "../core/state.ts";
import { inOneLine, JOURNAL_FORMAT, type JournalLine } from "./format.ts";
import { JournalFile } from "./journal-file.ts";

/** How large a journal may grow before it begins anew. Beside it stands the one before: twice this is taken at most. */
export const JOURNAL_BYTES = { default: 16_777_216, minimum: 65_536, maximum: 268_435_456 };

export interface JournalOptions {
  file: string;
  /** After the input that takes it past this, it begins anew; a checkpoint takes at most half of what it may grow to. */
  maxBytes: number;
  /** Of this porchlight. */
  version: string;
  say: (level: "info" | "error", message: string) => void;
}

/**
 * Writes what happens to an agent, so that it can be replayed: `format.ts` has the form. It holds what the core knows:
 * no video, no picture, no password, no key. It is for a desk: written synchronously, at the cost of its disk.
 *
 * A disk that fails never stops the doorbell. That is said once; the inputs until the disk takes some again are counted,
 * and a checkpoint that tells their number stands in their place.
 */
export class JournalWriter {
  readonly #options: JournalOptions;
  readonly #file: JournalFile;
  #inputs = 0;
  #boundBytes = 0;
  #missing = 0;
  #inTrouble = false;
  #retryAtMs = 0;

  /**
   * Begins a journal; one that is there already becomes `FILE.1`.
   * @throws UsageError when that is no place for one. A disk that is full or fails is no such reason.
   */
  constructor(options: JournalOptions, initial: Readonly<State>) {
    this.#options = options;
    this.#file = placeFor(options.file);
    try {
      this.#begin("start", initial);
    } catch (error) {
      if (!isTroubleOfTheDisk(error)) throw refusal(error, options.file);
      this.#failed(error);
    }
  }

  /** To be given every input with what it led to, in order. */
  write(input: Input, actions: readonly Action[], after: Readonly<State>): void {
    this.#inputs += 1;
    if (this.#inTrouble) {
      this.#missing += 1;
      if (input.now >= this.#retryAtMs) this.#tryAgain(input.now, after);
      return;
    }
    const text = lineOf({ n: this.#inputs, input, actions });
    if (!this.#attempt(input.now, () => this.#file.append(text))) this.#missing = 1;
    else if (this.#file.bytes > this.#boundBytes)
      this.#attempt(input.now, () => this.#begin("checkpoint", after));
  }

  /** The input on which the core threw: the last thing that a journal can tell. */
  crashed(input: Input, error: unknown): void {
    if (this.#inTrouble) return;
    const text = lineOf({ n: this.#inputs + 1, input, thrown: inOneLine(error) });
    this.#attempt(input.now, () => this.#file.append(text));
  }

  close(): void {
    this.#file.close();
  }

  #begin(begins: "start" | "checkpoint", state: Readonly<State>): void {
    const { maxBytes, version } = this.#options;
    const header = lineOf({ journal: "porchlight", format: JOURNAL_FORMAT, version, begins });
    const checkpoint = this.#checkpoint(state);
    this.#file.begin(header + checkpoint);
    // Else a state that is larger than the bound would be written anew at every input.
    this.#boundBytes = Math.max(maxBytes, 2 * this.#file.bytes);
  }

  #checkpoint(checkpoint: Readonly<State>): string {
    return lineOf({ checkpoint, inputsBefore: this.#inputs, missing: this.#missing });
  }

  #tryAgain(now: number, state: Readonly<State>): void {
    const written = this.#attempt(now, () => {
      if (this.#file.isOpen && this.#file.bytes <= this.#boundBytes)
        this.#file.append(this.#checkpoint(state));
      else this.#begin("checkpoint", state);
    });
    if (!written) return;
    const { file, say } = this.#options;
    say("info", `the journal ${file} is written again; ${this.#missing} inputs are missing in it`);
    this.#inTrouble = false;
    this.#missing = 0;
  }

  /** Answers whether it could be written. */
  #attempt(now: number, write: () => void): boolean {
    try {
      write();
      return true;
    } catch (error) {
      if (!isOfTheSystem(error)) throw error;
      this.#retryAtMs = now + RETRY_MS;
      this.#failed(error);
      return false;
    }
  }

  #failed(error: NodeJS.ErrnoException): void {
    if (this.#inTrouble) return;
    this.#inTrouble = true;
    const what = `the journal ${this.#options.file} cannot be written (${withoutCall(error)})`;
    this.#options.say("error", `${what}: the doorbell goes on without it`);
  }
}

const RETRY_MS = 10_000;

function lineOf(line: JournalLine): string {
  return `${JSON.stringify(line)}\n`;
}

function placeFor(file: string): JournalFile {
  try {
    return new JournalFile(file);
  } catch (error) {
    throw refusal(error, file);
  }
}

function refusal(error: unknown, file: string): unknown {
  if (!isOfTheSystem(error)) return error;
  return new UsageError(`${file}: no journal can be begun here (${withoutCall(error)})`, { cause: error });
}

function isTroubleOfTheDisk(error: unknown): error is NodeJS.ErrnoException {
  return isOfTheSystem(error) && ["ENOSPC", "EDQUOT", "EIO", "EROFS"].includes(error.code ?? "");
}

/** `ENOSPC: no space left on device`: not the call that met it, which means something to us alone. */
function withoutCall({ message }: NodeJS.ErrnoException): string {
  return message.replace(/, [a-z]+( '.*)?$/, "");
}

function isOfTheSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error;
}
