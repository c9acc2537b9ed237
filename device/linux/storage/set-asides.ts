import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  unlinkSync,
} from "node:fs";
import { join } from "node:path";
import { onDisk } from "./faults.ts";

const FOLDER = "set-aside";
/** Lies beside what was set aside until somebody who must know was told of it. */
const MARK = "untold";

/**
 * What was found corrupt in a data folder and moved aside, never deleted: `set-aside/1`, `set-aside/2`, … Whether it was
 * told is kept beside it, not in a database: that may be the next one to be found corrupt.
 */
export class SetAsides {
  readonly #dataFolder: string;

  constructor(dataFolder: string) {
    this.#dataFolder = dataFolder;
  }

  /**
   * Moves these of the data folder aside, if they are there; untold as yet.
   * @throws StorageFault
   */
  add(names: readonly string[]): void {
    this.#onDisk(() => {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      const number = Math.max(0, ...this.#numbers()) + 1;
      const target = join(this.#folder, String(number));
      mkdirSync(target, { mode: 0o700 });
      // Before anything is moved: a start that is over in between leaves a mark too many, and never one too few.
      closeSync(openSync(join(target, MARK), "w", 0o600));
      syncFolder(target);
      syncFolder(this.#folder);
      syncFolder(this.#dataFolder);
      for (const name of names) {
        const path = join(this.#dataFolder, name);
        if (existsSync(path)) renameSync(path, join(target, name));
      }
      syncFolder(target);
    });
  }

  /**
   * The newest that nobody was told of; null when there is none.
   * @throws StorageFault
   */
  untold(): string | null {
    return this.#onDisk(() => this.#untold().at(-1) ?? null);
  }

  /**
   * Whoever must know was told of all of them. It waits for no disk: a power cut may undo it.
   * @throws StorageFault
   */
  told(): void {
    this.#onDisk(() => {
      for (const path of this.#untold()) unlinkSync(join(path, MARK));
    });
  }

  get #folder(): string {
    return join(this.#dataFolder, FOLDER);
  }

  #onDisk<T>(work: () => T): T {
    return onDisk(`folder ${this.#folder}`, work);
  }

  #untold(): string[] {
    return this.#numbers()
      .map((number) => join(this.#folder, String(number)))
      .filter((path) => existsSync(join(path, MARK)));
  }

  /** In their order. What somebody else put there is not ours. */
  #numbers(): number[] {
    if (!existsSync(this.#folder)) return [];
    return readdirSync(this.#folder)
      .filter((name) => /^[1-9][0-9]{0,8}$/.test(name))
      .map(Number)
      .sort((a, b) => a - b);
  }
}

/** Makes the names in a folder durable. */
export function syncFolder(folder: string): void {
  const descriptor = openSync(folder, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
