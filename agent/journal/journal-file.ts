import {
  closeSync,
  ftruncateSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  writeFileSync,
} from "node:fs";
import { UsageError } from "../contract/errors.ts";

/**
 * The file of a journal, of mode 0600, and the one before it, which stands beside it with `.1` at its end. It holds
 * whole texts only: one that was written in part is taken back. Nothing is forced to the disk, since that could hold a
 * press up: the end of the process loses nothing, a power cut the last seconds.
 */
export class JournalFile {
  readonly #path: string;
  #descriptor: number | null = null;
  #bytes = 0;
  /** Its end could not be taken back: nothing may follow on it. */
  #torn = false;

  /** @throws UsageError when this is no place for a journal, or something else stands there. */
  constructor(path: string) {
    this.#path = path;
    for (const one of [path, `${path}.1`, `${path}.new`]) refuseOther(one);
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Texts can be added at its end. */
  get isOpen(): boolean {
    return this.#descriptor !== null && !this.#torn;
  }

  /**
   * Puts a new file with this text in the place of the present one, which becomes `.1`. At every moment one of the two
   * is there and whole: between the two renames the old one has its new name already.
   * @throws NodeJS.ErrnoException when that fails; what was there is still there then.
   */
  begin(text: string): void {
    const path = `${this.#path}.new`;
    rmSync(path, { force: true });
    const descriptor = openSync(path, "ax", 0o600);
    try {
      writeFileSync(descriptor, text);
      if (statsOf(this.#path)) renameSync(this.#path, `${this.#path}.1`);
      renameSync(path, this.#path);
    } catch (error) {
      closeSync(descriptor);
      rmSync(path, { force: true });
      throw error;
    }
    this.close();
    this.#descriptor = descriptor;
    this.#bytes = Buffer.byteLength(text);
    this.#torn = false;
  }

  /**
   * Adds a text at the end.
   * @throws NodeJS.ErrnoException when that fails; nothing of the text is in the file then.
   */
  append(text: string): void {
    if (this.#descriptor === null) throw new Error("nothing was begun");
    try {
      writeFileSync(this.#descriptor, text);
    } catch (error) {
      this.#torn = true;
      ftruncateSync(this.#descriptor, this.#bytes);
      this.#torn = false;
      throw error;
    }
    this.#bytes += Buffer.byteLength(text);
  }

  close(): void {
    if (this.#descriptor !== null) closeSync(this.#descriptor);
    this.#descriptor = null;
  }
}

const FIRST_BYTES = '{"journal":"porchlight"';

/** A mistyped path must not cost anybody a file. */
function refuseOther(path: string): void {
  const stats = statsOf(path);
  if (stats === null) return;
  if (!stats.isFile()) throw new UsageError(`${path}: not a regular file, so no place for a journal`);
  if (FIRST_BYTES.startsWith(firstBytes(path))) return;
  throw new UsageError(`${path}: there is a file already, and it is no journal: name another, or remove it`);
}

function firstBytes(path: string): string {
  const descriptor = openSync(path, "r");
  try {
    const bytes = Buffer.alloc(FIRST_BYTES.length);
    return bytes.toString("latin1", 0, readSync(descriptor, bytes));
  } finally {
    closeSync(descriptor);
  }
}

function statsOf(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}
