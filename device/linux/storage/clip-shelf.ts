import type { Growth } from "./clip-builder.ts";
import type { ClipBytes } from "./clip-bytes.ts";
import type { ClipRow, ClipTable } from "./clip-table.ts";

/** Clips with a bound: what is known of them, and their bytes. One is on disk, another in memory. */
export class ClipShelf {
  readonly table: ClipTable;
  readonly bytes: ClipBytes;
  readonly #maxBytes: number;
  readonly #removing: <T>(work: () => T) => T;

  /** @param removing runs what takes a clip out of the table. */
  constructor(
    table: ClipTable,
    bytes: ClipBytes,
    options: { maxBytes: number; removing?: <T>(work: () => T) => T },
  ) {
    this.table = table;
    this.bytes = bytes;
    this.#maxBytes = options.maxBytes;
    this.#removing = options.removing ?? ((work) => work());
  }

  /** First the bytes, then what says that they are there: what is known is always held. */
  async keep({ row, segments, files, pieces }: Growth): Promise<void> {
    const before = segments[0]?.offset ?? row.recordedBytes;
    await this.bytes.append(row.clipId, before, pieces);
    this.table.put(row, segments, files);
    if (row.end !== null) await this.bytes.seal(row.clipId);
  }

  /**
   * First the bytes, which on a full disk make room for the rest, then the knowledge: of a power cut in between a
   * clip is left whose bytes are lost, and is told as that.
   * @returns false when it was gone already.
   */
  async remove(clipId: string): Promise<boolean> {
    await this.bytes.remove(clipId);
    return this.#removing(() => this.table.remove(clipId));
  }

  /** Removes at once the closed clip that is needed least; null when there is none. */
  removeLeastNeeded(): ClipRow | null {
    const clip = this.table.leastNeeded();
    if (!clip) return null;
    this.bytes.removeNow(clip.clipId);
    this.#removing(() => this.table.remove(clip.clipId));
    return clip;
  }

  /**
   * Removes closed clips, the least needed first, until `bytes` more fit.
   * @returns whether they do.
   */
  async makeRoom(bytes: number, onRemoved: (clip: ClipRow) => void): Promise<boolean> {
    while (this.table.bytes + bytes > this.#maxBytes) {
      const clip = this.table.leastNeeded();
      if (!clip) return false;
      if (await this.remove(clip.clipId)) onRemoved(clip);
    }
    return true;
  }
}
