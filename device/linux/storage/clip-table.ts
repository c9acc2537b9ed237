import type { Database } from "better-sqlite3";
import type {
  ClipClosing,
  ClipEnd,
  ClipListing,
  ClipSummary,
  SegmentHandle,
} from "../../ports/fragment-store.ts";
import type { ClipFile } from "./clip-tar.ts";

/** Tables of the clips: in the data folder's database, and in one in memory for clips that cannot be spooled. */
export const CLIP_SCHEMA = `
  CREATE TABLE clips (
    number INTEGER PRIMARY KEY,
    clip_id TEXT NOT NULL UNIQUE,
    event_id TEXT NOT NULL,
    init_body TEXT NOT NULL,
    about TEXT NOT NULL,
    segment_bytes INTEGER NOT NULL,
    recorded_bytes INTEGER NOT NULL,
    segments INTEGER NOT NULL,
    fragments INTEGER NOT NULL,
    duration_ms INTEGER NOT NULL,
    pre_roll_ms INTEGER NOT NULL,
    end TEXT,
    sha256 TEXT,
    acked INTEGER NOT NULL DEFAULT 0,
    uploaded INTEGER NOT NULL DEFAULT 0,
    announced INTEGER NOT NULL DEFAULT 0,
    recorded_utc_ms INTEGER
  );
  CREATE INDEX clips_by_need ON clips (uploaded DESC, number) WHERE end IS NOT NULL;
  CREATE TABLE segments (
    clip_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    offset INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (clip_id, number)
  ) WITHOUT ROWID;
  CREATE TABLE clip_files (
    clip_id TEXT NOT NULL,
    number INTEGER NOT NULL,
    name TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    PRIMARY KEY (clip_id, number)
  ) WITHOUT ROWID;
`;

/** One clip as it stands in the table. */
export interface ClipRow {
  clipId: string;
  eventId: string;
  initBody: string;
  /** JSON of what the manifest says about it. */
  about: string;
  segmentBytes: number;
  recordedBytes: number;
  segments: number;
  fragments: number;
  durationMs: number;
  preRollMs: number;
  /** Null while it is being recorded. */
  end: ClipEnd | null;
  sha256: string | null;
  acked: number;
  uploaded: 0 | 1;
  announced: 0 | 1;
  /** When it was recorded; null while that is not known by a clock that can be trusted. */
  recordedUtcMs: number | null;
}

const COLUMNS = `clip_id AS clipId, event_id AS eventId, init_body AS initBody, about,
  segment_bytes AS segmentBytes, recorded_bytes AS recordedBytes, segments, fragments, duration_ms AS durationMs,
  pre_roll_ms AS preRollMs, end, sha256, acked, uploaded, announced, recorded_utc_ms AS recordedUtcMs`;

/** What is known of each clip and of its segments. Every method is one transaction. */
export class ClipTable {
  readonly #database: Database;
  readonly #sql: ReturnType<typeof statements>;
  #bytes: number;

  constructor(database: Database) {
    this.#database = database;
    this.#sql = statements(database);
    this.#bytes = this.#sql.sum.get()?.bytes ?? 0;
  }

  /** Bytes of all clips. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Records how far a clip has come, with the segments and files that are new: all of it or nothing. */
  put(row: ClipRow, segments: readonly SegmentHandle[], files: readonly ClipFile[]): void {
    const { clipId } = row;
    const before = this.get(clipId)?.recordedBytes ?? 0;
    this.#database.transaction(() => {
      this.#sql.put.run(row);
      for (const segment of segments) this.#sql.addSegment.run({ clipId, ...segment });
      // The files are needed for the manifest of a clip that is interrupted, and for nothing else.
      if (row.end !== null) this.#sql.removeFiles.run({ clipId });
      else for (const file of files) this.#sql.addFile.run({ clipId, ...file });
    })();
    this.#bytes += row.recordedBytes - before;
  }

  get(clipId: string): ClipRow | null {
    return this.#sql.get.get({ clipId }) ?? null;
  }

  all(): ClipRow[] {
    return this.#sql.all.all();
  }

  /** The files in the archive of a clip that is being recorded, in their order. */
  files(clipId: string): ClipFile[] {
    return this.#sql.files.all({ clipId });
  }

  /** False when it was gone already. */
  remove(clipId: string): boolean {
    const row = this.get(clipId);
    if (!row) return false;
    this.#database.transaction(() => {
      this.#sql.removeSegments.run({ clipId });
      this.#sql.removeFiles.run({ clipId });
      this.#sql.remove.run({ clipId });
    })();
    this.#bytes -= row.recordedBytes;
    return true;
  }

  segments(clipId: string, fromIndex: number, limit: number): SegmentHandle[] {
    return this.#sql.segments.all({ clipId, fromIndex, limit });
  }

  /** Closed clips that are not uploaded, oldest first, and how many there are. */
  pending(limit: number): { rows: ClipRow[]; total: number } {
    return { rows: this.#sql.pending.all({ limit }), total: this.#sql.countPending.get()?.total ?? 0 };
  }

  /** The closed clip that the budget gives up first: uploaded before not uploaded, then the oldest. */
  leastNeeded(): ClipRow | null {
    return this.#sql.leastNeeded.get() ?? null;
  }

  /** Closed clips that were recorded before `utcMs`. */
  olderThan(utcMs: number): ClipRow[] {
    return this.#sql.olderThan.all({ utcMs });
  }

  /** Clips whose time of recording is not known. */
  undated(): ClipRow[] {
    return this.#sql.undated.all();
  }

  date(times: readonly { clipId: string; recordedUtcMs: number }[]): void {
    this.#database.transaction(() => {
      for (const time of times) this.#sql.date.run(time);
    })();
  }

  acked(counts: Iterable<readonly [clipId: string, segments: number]>): void {
    this.#database.transaction(() => {
      for (const [clipId, segments] of counts) this.#sql.acked.run({ clipId, segments });
    })();
  }

  uploaded(clipId: string): void {
    this.#sql.uploaded.run({ clipId });
  }

  /** The newest clips, older than `before` unless it is null; that one must be there. */
  newest(before: string | null, limit: number): ClipRow[] {
    return this.#sql.newest.all({ before, limit });
  }

  /** It is to be uploaded once more, from its first segment on. */
  requeue(clipId: string): void {
    this.#sql.requeue.run({ clipId });
  }

  announced(clipId: string): void {
    this.#sql.announced.run({ clipId });
  }
}

/** The clip as the core gets it. */
export function summaryOf(row: ClipRow): ClipSummary {
  return {
    clipId: row.clipId,
    eventId: row.eventId,
    initBody: row.initBody,
    recordedBytes: row.recordedBytes,
    segments: row.segments,
    closed: closingOf(row),
    ackedSegments: row.acked,
    announced: row.announced === 1,
  };
}

/** The clip as a list of all has it. */
export function listingOf(row: ClipRow): ClipListing {
  const { clipId, eventId, initBody, recordedBytes, uploaded } = row;
  return { clipId, eventId, initBody, recordedBytes, closed: closingOf(row), uploaded: uploaded === 1 };
}

/** How the clip ended; null while it is being recorded. */
export function closingOf(row: ClipRow): ClipClosing | null {
  if (row.end === null || row.sha256 === null) return null;
  return {
    end: row.end,
    bytes: row.recordedBytes,
    sha256: row.sha256,
    durationMs: Math.round(row.durationMs),
    preRollMs: row.preRollMs,
    fragments: row.fragments,
  };
}

function statements(database: Database) {
  const rows = (where: string) =>
    database.prepare<[object], ClipRow>(`SELECT ${COLUMNS} FROM clips WHERE ${where}`);
  return {
    sum: database.prepare<[], { bytes: number | null }>("SELECT SUM(recorded_bytes) AS bytes FROM clips"),
    put: database.prepare(
      `INSERT INTO clips (clip_id, event_id, init_body, about, segment_bytes, recorded_bytes, segments, fragments,
         duration_ms, pre_roll_ms, end, sha256, acked, uploaded, announced, recorded_utc_ms)
       VALUES (@clipId, @eventId, @initBody, @about, @segmentBytes, @recordedBytes, @segments, @fragments,
         @durationMs, @preRollMs, @end, @sha256, @acked, @uploaded, @announced, @recordedUtcMs)
       ON CONFLICT (clip_id) DO UPDATE SET recorded_bytes = excluded.recorded_bytes,
         segments = excluded.segments, fragments = excluded.fragments, duration_ms = excluded.duration_ms,
         end = excluded.end, sha256 = excluded.sha256`,
    ),
    addSegment: database.prepare("INSERT INTO segments VALUES (@clipId, @index, @offset, @bytes, @sha256)"),
    get: rows("clip_id = @clipId"),
    all: database.prepare<[], ClipRow>(`SELECT ${COLUMNS} FROM clips ORDER BY number`),
    remove: database.prepare("DELETE FROM clips WHERE clip_id = @clipId"),
    removeSegments: database.prepare("DELETE FROM segments WHERE clip_id = @clipId"),
    addFile: database.prepare(
      `INSERT INTO clip_files VALUES (@clipId,
         (SELECT COUNT(*) FROM clip_files WHERE clip_id = @clipId), @name, @bytes, @sha256)`,
    ),
    files: database.prepare<[object], ClipFile>(
      "SELECT name, bytes, sha256 FROM clip_files WHERE clip_id = @clipId ORDER BY number",
    ),
    removeFiles: database.prepare("DELETE FROM clip_files WHERE clip_id = @clipId"),
    segments: database.prepare<[object], SegmentHandle>(
      `SELECT number AS "index", offset, bytes, sha256 FROM segments
       WHERE clip_id = @clipId AND number >= @fromIndex ORDER BY number LIMIT @limit`,
    ),
    pending: rows("end IS NOT NULL AND uploaded = 0 ORDER BY number LIMIT @limit"),
    countPending: database.prepare<[], { total: number }>(
      "SELECT COUNT(*) AS total FROM clips WHERE end IS NOT NULL AND uploaded = 0",
    ),
    leastNeeded: database.prepare<[], ClipRow>(
      `SELECT ${COLUMNS} FROM clips WHERE end IS NOT NULL ORDER BY uploaded DESC, number LIMIT 1`,
    ),
    olderThan: rows("end IS NOT NULL AND recorded_utc_ms < @utcMs ORDER BY number"),
    undated: database.prepare<[], ClipRow>(`SELECT ${COLUMNS} FROM clips WHERE recorded_utc_ms IS NULL`),
    date: database.prepare("UPDATE clips SET recorded_utc_ms = @recordedUtcMs WHERE clip_id = @clipId"),
    acked: database.prepare(
      "UPDATE clips SET acked = max(acked, min(@segments, segments)) WHERE clip_id = @clipId",
    ),
    uploaded: database.prepare("UPDATE clips SET uploaded = 1 WHERE clip_id = @clipId"),
    newest: rows(
      `@before IS NULL OR number < (SELECT number FROM clips WHERE clip_id = @before)
       ORDER BY number DESC LIMIT @limit`,
    ),
    requeue: database.prepare("UPDATE clips SET uploaded = 0, acked = 0 WHERE clip_id = @clipId"),
    announced: database.prepare("UPDATE clips SET announced = 1 WHERE clip_id = @clipId"),
  };
}
