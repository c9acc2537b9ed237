import { createHash, type Hash } from "node:crypto";
import { segmentRanges } from "../../../agent/media/segments.ts";
import type { ClipEnd, SegmentHandle } from "../../ports/fragment-store.ts";
import type { ClipRow } from "./clip-table.ts";
import { type ClipFile, ClipTar, plainEntry } from "./clip-tar.ts";

/** What a clip has grown by, and how it stands with it. */
export interface Growth {
  row: ClipRow;
  segments: SegmentHandle[];
  /** Files that are new in the archive. */
  files: ClipFile[];
  /** The segments' bytes, each an array of its own. */
  pieces: Uint8Array<ArrayBuffer>[];
}

/** Room for what ends a clip: the manifest's frame, and its line for each file. */
const END_BYTES = 8_192;
const END_BYTES_A_FILE = 160;

/** Makes one clip's file and its hashes as it is recorded. It keeps no bytes and touches no disk. */
export class ClipBuilder {
  #row: ClipRow;
  readonly #tar: ClipTar;
  readonly #whole: Hash;
  /** Files that were told of. */
  #told: number;

  /** `soFar`: the files that are in the archive, and the hash of its bytes, when an old clip is continued. */
  constructor(row: ClipRow, soFar: { files: ClipFile[]; sha256: Hash } | null = null) {
    this.#row = row;
    this.#tar = new ClipTar({ sha256, encode: plainEntry, files: soFar?.files ?? [] });
    this.#told = this.#tar.files.length;
    this.#whole = soFar?.sha256 ?? createHash("sha256");
  }

  get row(): ClipRow {
    return this.#row;
  }

  /** Bytes to keep free, so that the clip can be closed after `data` has been added. */
  bytesToCloseAfter(data: readonly Uint8Array[]): number {
    const files = this.#row.fragments + data.length + 1;
    return data.reduce((sum, piece) => sum + piece.length + 1_024, 0) + END_BYTES + files * END_BYTES_A_FILE;
  }

  async begin(init: Uint8Array, fragments: readonly Uint8Array[], durationMs: number): Promise<Growth> {
    return this.#grown([...(await this.#tar.init(init)), ...(await this.#added(fragments, durationMs))]);
  }

  async add(fragments: readonly Uint8Array[], durationMs: number): Promise<Growth> {
    return this.#grown(await this.#added(fragments, durationMs));
  }

  /** Adds the last fragments and the manifest. Nothing may follow. */
  async end(fragments: readonly Uint8Array[], durationMs: number, end: ClipEnd): Promise<Growth> {
    const last = await this.#added(fragments, durationMs);
    const { clipId, eventId, preRollMs } = this.#row;
    const about: Record<string, string | number | null> = JSON.parse(this.#row.about);
    const facts = { clipId, eventId, end, preRollMs, durationMs: Math.round(this.#row.durationMs), about };
    const grown = this.#grown([...last, ...(await this.#tar.end(facts))]);
    this.#row = { ...grown.row, end, sha256: this.#whole.digest("hex") };
    return { ...grown, row: this.#row };
  }

  async #added(fragments: readonly Uint8Array[], durationMs: number): Promise<Uint8Array[]> {
    const encoded = [];
    for (const fragment of fragments) encoded.push(...(await this.#tar.fragment(fragment)));
    this.#row = {
      ...this.#row,
      fragments: this.#row.fragments + fragments.length,
      durationMs: this.#row.durationMs + durationMs,
    };
    return encoded;
  }

  #grown(encoded: readonly Uint8Array[]): Growth {
    const bytes = Buffer.concat(encoded);
    this.#whole.update(bytes);
    const { recordedBytes: start, segmentBytes } = this.#row;
    const ranges = segmentRanges(start, bytes.length, segmentBytes);
    const pieces = ranges.map((range) => {
      const piece = new Uint8Array(range.bytes);
      piece.set(bytes.subarray(range.offset - start, range.offset - start + range.bytes));
      return piece;
    });
    const segments = pieces.map((piece, at) => ({
      index: this.#row.segments + at,
      offset: ranges[at]?.offset ?? start,
      bytes: piece.length,
      sha256: sha256(piece),
    }));
    this.#row = {
      ...this.#row,
      recordedBytes: start + bytes.length,
      segments: this.#row.segments + segments.length,
    };
    const files = this.#tar.files.slice(this.#told);
    this.#told += files.length;
    return { row: this.#row, segments, files, pieces };
  }
}

function sha256(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
