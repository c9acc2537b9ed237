import { randomFillSync } from "node:crypto";
import { closeSync, mkdirSync, openSync, statfsSync, statSync, truncateSync, writeSync } from "node:fs";
import { join } from "node:path";
import { onDisk, StorageFault, storageFault } from "./faults.ts";

/** Twice what SQLite's log may hold before it is emptied (`database.ts`): what it takes to empty it, and as much again. */
const RESERVE_BYTES = 2_097_152;
const PIECE_BYTES = 65_536;
const NAME = "reserve";
const DOING = "disk reserve";

/**
 * A file of no use but its size. On a disk without a free byte SQLite cannot even delete, for its log must grow
 * first: then the file is emptied, and what it took is there for what gives room back. Until it is whole again,
 * nothing else may have that room.
 */
export class DiskReserve {
  readonly #folder: string;
  readonly #path: string;
  readonly #onReleased: () => void;
  /** Null until somebody asks. */
  #isOut: boolean | null = null;

  /** @param onReleased the room is there now: empties SQLite's log, so that its next cycle fits. */
  constructor(folder: string, onReleased: () => void) {
    this.#folder = folder;
    this.#path = join(folder, NAME);
    this.#onReleased = onReleased;
  }

  /**
   * Runs what gives room back, or must be written down in any case and is small: on a full disk with the reserve.
   * @throws what `work` throws, when there is none.
   */
  removing<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      if (storageFault(error, DOING).fault !== "full" || !this.#release()) throw error;
      return work();
    }
  }

  /**
   * To be called before anything else is added to the disk.
   * @throws StorageFault `full` when that would take what the reserve has left.
   */
  spare(): void {
    this.#isOut ??= (this.#size() ?? RESERVE_BYTES) < RESERVE_BYTES;
    if (this.#isOut && this.#freeBytes() < RESERVE_BYTES / 2) {
      throw new StorageFault("full", "the disk is full: what is left is kept for removing");
    }
  }

  /**
   * Makes the reserve whole, if it takes no more than half of what is free: a small disk does without.
   * @throws StorageFault
   */
  refill(): void {
    const whole = () => (this.#size() ?? 0) >= RESERVE_BYTES;
    if (!whole() && this.#freeBytes() >= 2 * RESERVE_BYTES) onDisk(DOING, () => this.#write());
    if (whole()) this.#isOut = false;
  }

  #release(): boolean {
    if ((this.#size() ?? 0) === 0) return false;
    onDisk(DOING, () => truncateSync(this.#path));
    this.#isOut = true;
    this.#onReleased();
    return true;
  }

  /** Of random bytes: zeros take no room on a file system that compresses. */
  #write(): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    const file = openSync(this.#path, "w", 0o600);
    try {
      const piece = randomFillSync(new Uint8Array(PIECE_BYTES));
      for (let at = 0; at < RESERVE_BYTES; ) at += writeSync(file, piece, 0, piece.length, at);
    } finally {
      closeSync(file);
    }
  }

  /** Null when there is no such file: then there has never been room for it. */
  #size(): number | null {
    return onDisk(DOING, () => statSync(this.#path, { throwIfNoEntry: false })?.size ?? null);
  }

  #freeBytes(): number {
    const { bavail, bsize } = onDisk(DOING, () => statfsSync(this.#folder));
    return bavail * bsize;
  }
}
