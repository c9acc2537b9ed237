import type { Growth } from "./clip-builder.ts";
import type { ClipBytes } from "./clip-bytes.ts";
import type { ClipRow, ClipTable } from "./clip-table.ts";

/** Clips with a bound: what is known of them, and their bytes. One is on disk, another in memory. */
export class ClipShelf {
  readonly table: ClipTable;
  readonly bytes: ClipBytes;
  readonly #maxBytes: number;

  constructor(table: ClipTable, bytes: ClipBytes, maxBytes: number) {
    this.table = table;
    this.bytes = bytes;
    this.#maxBytes = maxBytes;
  }

  /** First the bytes, then what says that they are there: what is known is always held. */
  async keep({ row, segments, files, pieces }: Growth): Promise<void> {
    const before = segments[0]?.offset ?? row.recordedBytes;
    await this.bytes.append(row.clipId, before, pieces);
    this.table.put(row, segments, files);
    if (row.end !== null) await this.bytes.seal(row.clipId);
  }

  /** First the knowledge, then the bytes. */
  async remove(clipId: string): Promise<void> {
    this.table.remove(clipId);
    await this.bytes.remove(clipId);
  }

  /**
   * Removes closed clips, the least needed first, until `bytes` more fit.
   * @returns whether they do.
   */
  async makeRoom(bytes: number, onRemoved: (clip: ClipRow) => void): Promise<boolean> {
    while (this.table.bytes + bytes > this.#maxBytes) {
      const clip = this.table.leastNeeded();
      if (!clip) return false;
      await this.remove(clip.clipId);
      onRemoved(clip);
    }
    return true;
  }

  /** Removes the clips that were uploaded; false when there was none. */
  async removeUploaded(): Promise<boolean> {
    let any = false;
    for (let clip = this.table.leastNeeded(); clip?.uploaded; clip = this.table.leastNeeded()) {
      await this.remove(clip.clipId);
      any = true;
    }
    return any;
  }
}
