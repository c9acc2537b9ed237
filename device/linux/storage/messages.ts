import type { ClipEnd, FragmentStoreInput, PayloadReference } from "../../ports/fragment-store.ts";
import type { Lane, OutboxPosition, OutboxRow, SequenceRange, StoreInput } from "../../ports/store.ts";

/** An input without its time: the worker has no clock, the main thread stamps it. */
export type Unstamped<T> = T extends { occurredAt: number } ? Omit<T, "occurredAt"> : never;

export type StoreRequest =
  | { kind: "open"; epoch: string; startedUtcMs: number }
  | { kind: "append"; row: OutboxRow }
  | { kind: "settle"; ranges: SequenceRange[] }
  | { kind: "drop"; ranges: SequenceRange[] }
  | { kind: "page"; lane: Lane; after: OutboxPosition | null; limit: number }
  | { kind: "set-aside-told" };

/** Fragments that are to be added to a clip, rebased, and the length of their pictures. */
export interface NewFragments {
  fragments: Uint8Array<ArrayBuffer>[];
  durationMs: number;
}

export type ClipRequest =
  | ({
      kind: "open";
      clipId: string;
      eventId: string;
      initBody: string;
      segmentBytes: number;
      about: Record<string, string | number | null>;
      preRollMs: number;
      init: Uint8Array;
      atMs: number;
    } & NewFragments)
  | ({ kind: "append"; clipId: string } & NewFragments)
  | ({ kind: "close"; clipId: string; end: ClipEnd } & NewFragments)
  | { kind: "list-segments"; clipId: string; fromIndex: number; limit: number }
  | { kind: "list-pending"; limit: number }
  | { kind: "acked"; clipId: string; segments: number }
  | { kind: "uploaded"; clipId: string }
  | { kind: "announced"; clipId: string }
  | { kind: "list"; request: number; before: string | null; limit: number }
  | { kind: "requeue"; request: number; clipId: string }
  | { kind: "delete"; request: number; clipId: string }
  | { kind: "still"; eventId: string; jpeg: Uint8Array }
  | { kind: "forget-still"; eventId: string }
  /** Looks after ages; `utcMs` is null while UTC cannot be trusted. */
  | { kind: "tidy"; monotonicMs: number; utcMs: number | null };

export type ToWorker =
  | { to: "store"; request: StoreRequest }
  | { to: "clips"; request: ClipRequest }
  | { to: "read"; id: number; reference: PayloadReference }
  | { to: "stop" };

export type FromWorker =
  | { from: "store"; input: Unstamped<StoreInput> }
  /** `payloads`: the bytes of the input's segments, in their order. */
  | { from: "clips"; input: Unstamped<FragmentStoreInput>; payloads: Uint8Array[] }
  /** The clip has no room to grow: it must be closed. */
  | { from: "overflow"; clipId: string }
  | { from: "read"; id: number; bytes: Uint8Array | "gone" };

/** What the worker is started with. */
export interface StorageOptions {
  /** The data folder; made when missing. */
  folder: string;
  /** Bounds of the recorded clips on disk. */
  spool: { maxBytes: number; maxAgeMs: number };
}

/** How the spool talks back. */
export interface SpoolListener {
  /** `pieces`: the bytes of the answer's segments. */
  answer(answer: Unstamped<FragmentStoreInput>, pieces: Uint8Array<ArrayBuffer>[]): void;
  /** The clip has no room to grow and must be closed. */
  overflow(clipId: string): void;
}
