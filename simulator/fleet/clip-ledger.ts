import { createHash, type Hash } from "node:crypto";
import type { ClipMessage } from "../../agent/consumer/index.ts";

/** What became of the clips of a fleet. */
export interface ClipTotals {
  /** Closed by their doorbells. */
  recorded: number;
  /** Whole at the subscriber: every byte, by the hash of the file. */
  whole: number;
  /** Recorded, and not whole. */
  missing: number;
  /** Of the whole ones. */
  bytes: number;
}

interface Arriving {
  /** Bytes that are there, from the first on. */
  bytes: number;
  hash: Hash;
}

/** Follows every clip to the subscriber. It holds hashes, not bytes. */
export class ClipLedger {
  readonly #own = new Set<string>();
  readonly #arriving = new Map<string, Arriving>();
  readonly #whole = new Set<string>();
  #recorded = 0;
  #bytes = 0;

  opened(clipId: string): void {
    this.#own.add(clipId);
  }

  closed(): void {
    this.#recorded += 1;
  }

  /** Clips that are open, or whose bytes are still to come. */
  get awaited(): number {
    return this.#own.size - this.#whole.size;
  }

  /** A message of a clip was received; of a stranger's it is none of ours. */
  heard(message: ClipMessage): void {
    const { clipId } = message;
    if (!this.#own.has(clipId) || this.#whole.has(clipId)) return;
    if (message.kind === "clip-segment") this.#segment(message);
    else if (message.kind === "clip-fin") this.#fin(message);
  }

  totals(): ClipTotals {
    const whole = this.#whole.size;
    return { recorded: this.#recorded, whole, missing: this.#recorded - whole, bytes: this.#bytes };
  }

  /** After a break a clip goes on at its last acknowledged segment, maybe in other pieces: what was there is skipped. */
  #segment({ clipId, offset, sha256, bytes }: ClipMessage & { kind: "clip-segment" }): void {
    if (createHash("sha256").update(bytes).digest("hex") !== sha256) return;
    const clip = this.#arriving.get(clipId) ?? { bytes: 0, hash: createHash("sha256") };
    if (offset > clip.bytes || offset + bytes.length <= clip.bytes) return;
    this.#arriving.set(clipId, clip);
    const fresh = bytes.subarray(clip.bytes - offset);
    clip.hash.update(fresh);
    clip.bytes += fresh.length;
  }

  #fin({ clipId, bytes, sha256 }: ClipMessage & { kind: "clip-fin" }): void {
    const clip = this.#arriving.get(clipId);
    if (clip?.bytes !== bytes || clip.hash.copy().digest("hex") !== sha256) return;
    this.#arriving.delete(clipId);
    this.#whole.add(clipId);
    this.#bytes += bytes;
  }
}
