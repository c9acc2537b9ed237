import type { StoreFault } from "../../ports/store.ts";

/** The data folder cannot be used: for the world or the operator to mend. */
export class StorageFault extends Error {
  override name = "StorageFault";
  readonly fault: StoreFault;

  constructor(fault: StoreFault, detail: string) {
    super(detail);
    this.fault = fault;
  }
}

const FAULTS: [RegExp, StoreFault][] = [
  [/^SQLITE_(BUSY|LOCKED)/, "locked"],
  [/^(SQLITE_READONLY|EROFS|EACCES|EPERM)/, "read-only"],
  [/^(SQLITE_FULL|ENOSPC|EDQUOT)/, "full"],
  [/^SQLITE_(CORRUPT|NOTADB)/, "corrupt"],
  [/^(SQLITE_|E[A-Z0-9]+$)/, "io"],
];

/**
 * What an error of SQLite or of the file system means for the store, in one line.
 * @throws the error itself when it is neither: then it is our bug.
 */
export function storageFault(error: unknown, doing: string): StorageFault {
  if (error instanceof StorageFault) return error;
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    const { code } = error;
    const known = FAULTS.find(([pattern]) => pattern.test(code));
    if (known) return new StorageFault(known[1], `${doing}: ${error.message.split("\n")[0]}`);
  }
  throw error;
}

/** Runs `work`; an error of the disk comes out as a `StorageFault`, any other as it is. */
export function onDisk<T>(doing: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw storageFault(error, doing);
  }
}
