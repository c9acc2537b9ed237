import { accessSync, closeSync, constants, existsSync, mkdirSync, openSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { onDisk, StorageFault, storageFault } from "./faults.ts";
import { SetAsides, syncFolder } from "./set-asides.ts";

/** The data folder, locked for the life of the process, and its database. */
export interface OpenFolder {
  database: Database.Database;
  /** Corrupt databases of this folder, with their clips. */
  setAsides: SetAsides;
  /** Gives the folder up. */
  close(): void;
}

const LOCK = "agent.lock";
const DATABASE = "porchlight.db";
const SCHEMA_VERSION = 1;
/** The log is copied into the database when it is so long (1 MiB in pages of 4 KiB): small, so that a reserve suffices. */
const LOG_PAGES = 256;
const SCHEMA = `
  CREATE TABLE epochs (
    number INTEGER PRIMARY KEY,
    epoch TEXT NOT NULL UNIQUE,
    started_utc_ms INTEGER NOT NULL,
    last_press INTEGER NOT NULL DEFAULT 0,
    last_event INTEGER NOT NULL DEFAULT 0
  );
  CREATE TABLE outbox (
    lane TEXT NOT NULL,
    epoch_number INTEGER NOT NULL REFERENCES epochs (number),
    sequence INTEGER NOT NULL,
    id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    body TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    occurred_monotonic_ms INTEGER NOT NULL,
    occurred_utc_ms INTEGER NOT NULL,
    trust TEXT NOT NULL,
    still_of TEXT,
    PRIMARY KEY (lane, epoch_number, sequence)
  ) WITHOUT ROWID;
  CREATE INDEX outbox_by_age ON outbox (lane, occurred_utc_ms);
`;

/**
 * Opens the data folder for this process alone. A database that SQLite calls corrupt is moved into `set-aside/`
 * with the clips it knew, never deleted, and a new one begun.
 * @param clipSchema tables of the clips, which a database in memory has as well.
 * @throws StorageFault: `locked`, `read-only`, `full`, or `io` (also for a database of a newer version).
 */
export function openFolder(folder: string, clipSchema: string): OpenFolder {
  const lock = onDisk(`data folder ${folder}`, () => {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // SQLite tells of a read-only file system as of a lock that failed.
    accessSync(folder, constants.W_OK);
    return takeLock(join(folder, LOCK));
  });
  try {
    const setAsides = new SetAsides(folder);
    const database = openOrSetAside(folder, SCHEMA + clipSchema, setAsides);
    onDisk(`data folder ${folder}`, () => syncFolder(folder));
    return {
      database,
      setAsides,
      close: () => {
        database.close();
        lock.close();
      },
    };
  } catch (error) {
    lock.close();
    throw error;
  }
}

/** Copies SQLite's log into the database and gives its room back, as far as there is room for that. */
export function emptyLog(database: Database.Database): void {
  try {
    database.pragma("wal_checkpoint(TRUNCATE)");
  } catch (error) {
    // Whoever needs the room finds out by himself; what is no matter of the disk is thrown.
    storageFault(error, "database");
  }
}

/**
 * SQLite's own exclusive lock (`fcntl`) on a file that nobody else touches: the kernel gives it back when the
 * process ends, however it ends, and it outlives a database that must be set aside.
 */
function takeLock(path: string): Database.Database {
  createPrivate(path);
  const lock = new Database(path, { timeout: 0 });
  try {
    lock.pragma("journal_mode = MEMORY");
    lock.exec("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock.close();
    const busy = error instanceof Database.SqliteError && error.code.startsWith("SQLITE_BUSY");
    throw busy ? new StorageFault("locked", "another agent uses this data folder") : error;
  }
}

function openOrSetAside(folder: string, schema: string, setAsides: SetAsides): Database.Database {
  const path = join(folder, DATABASE);
  try {
    return openDatabase(path, schema);
  } catch (error) {
    if (!(error instanceof StorageFault) || error.fault !== "corrupt") throw error;
  }
  setAsides.add([DATABASE, `${DATABASE}-wal`, `${DATABASE}-shm`, "clips"]);
  return openDatabase(path, schema);
}

function openDatabase(path: string, schema: string): Database.Database {
  return onDisk(`database ${path}`, () => {
    createPrivate(path);
    const database = new Database(path, { timeout: 0 });
    try {
      prepare(database, schema);
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  });
}

function prepare(database: Database.Database, schema: string): void {
  // Exclusive before WAL: the index of the log stays in memory, and no second connection can slip in.
  database.pragma("locking_mode = EXCLUSIVE");
  database.pragma("journal_mode = WAL");
  database.pragma("synchronous = FULL");
  database.pragma(`wal_autocheckpoint = ${LOG_PAGES}`);
  const version = database.pragma("user_version", { simple: true });
  if (version === 0) {
    database.transaction(() => {
      database.exec(schema);
      database.pragma(`user_version = ${SCHEMA_VERSION}`);
    })();
  } else if (version !== SCHEMA_VERSION) {
    throw new StorageFault(
      "io",
      `the data folder was written by another version of the agent (schema ${version}; this one knows ${SCHEMA_VERSION})`,
    );
  }
  const verdict = database.pragma("quick_check(1)", { simple: true });
  if (verdict !== "ok") throw new StorageFault("corrupt", String(verdict));
}

/** SQLite gives its log the mode of the database. An existing file is not opened: closing it would drop its locks. */
function createPrivate(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, "a", 0o600));
}
