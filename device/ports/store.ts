/** The two sequences of an epoch: presses have one of their own. */
export type Lane = "press" | "event";

/** Numbers `from`…`to` (inclusive, from 1) of one sequence. */
export interface SequenceRange {
  epoch: string;
  lane: Lane;
  from: number;
  to: number;
}

/** Where a sequence stands: `epochNumber` counts the starts on this data folder. */
export interface OutboxPosition {
  epochNumber: number;
  sequence: number;
}

/** A message that has not been settled. Its content never changes: one id, one content. */
export interface OutboxRow {
  lane: Lane;
  epoch: string;
  sequence: number;
  /** The CloudEvent's `id`. */
  id: string;
  /** The last level of its topic: `press`, `clip`, `camera`, … */
  eventType: string;
  /** The whole CloudEvent as JSON text. */
  body: string;
  occurredMonotonicMs: number;
  occurredUtcMs: number;
  trust: "synced" | "estimated";
  /** The still that travels before this row, by event id; null when there is none. */
  stillOf: string | null;
}

/** A row as it comes back from the store. */
export interface StoredRow extends OutboxRow {
  epochNumber: number;
}

export interface LaneTotals {
  rows: number;
  bytes: number;
}

/** The epoch before this one and the last numbers it is known to have given out. */
export interface PreviousEpoch {
  epoch: string;
  lastPress: number;
  lastEvent: number;
}

export type StoreFault = "locked" | "read-only" | "full" | "corrupt" | "io";

export interface StoreOpened {
  type: "store.opened";
  occurredAt: number;
  epochNumber: number;
  previous: PreviousEpoch | null;
  totals: Record<Lane, LaneTotals>;
  /** Where the last corrupt store was moved to that nobody was told of; absent or null when there is none. */
  setAside?: string | null;
}
/** There is no store in this run. `locked`: another agent has this data folder. */
export interface StoreUnavailable {
  type: "store.unavailable";
  occurredAt: number;
  fault: StoreFault;
  detail: string;
}
/** The row is durable: it survives a power cut from now on. */
export interface StoreAppended {
  type: "store.appended";
  occurredAt: number;
  lane: Lane;
  sequence: number;
  bytes: number;
}
export interface StoreAppendFailed {
  type: "store.append-failed";
  occurredAt: number;
  lane: Lane;
  sequence: number;
  fault: StoreFault;
  detail: string;
}
/** Rows after a position, oldest first; `more` when the lane goes on after them. */
export interface StorePage {
  type: "store.page";
  occurredAt: number;
  lane: Lane;
  rows: StoredRow[];
  more: boolean;
}
/** Rows are gone because they were settled. */
export interface StoreSettled {
  type: "store.settled";
  occurredAt: number;
  totals: Record<Lane, LaneTotals>;
}
/** Rows are gone for good: no power cut brings them back. */
export interface StoreDropped {
  type: "store.dropped";
  occurredAt: number;
  ranges: SequenceRange[];
  totals: Record<Lane, LaneTotals>;
}
/** It was not done; the rows are still there, or a store that was set aside is still to be told of. */
export interface StoreFailed {
  type: "store.failed";
  occurredAt: number;
  operation: "settle" | "drop" | "page" | "set-aside-told";
  lane: Lane | null;
  fault: StoreFault;
  detail: string;
}

export type StoreInput =
  | StoreOpened
  | StoreUnavailable
  | StoreAppended
  | StoreAppendFailed
  | StorePage
  | StoreSettled
  | StoreDropped
  | StoreFailed;

/** The durable outbox. Operations take effect in the order of the calls, each answered by an input where it says so. */
export interface Store {
  start(post: (input: StoreInput) => void): void;
  /** Records the epoch and its predecessor, durably. Answers `store.opened` or `store.unavailable`. */
  open(epoch: string, startedUtcMs: number): void;
  /** Answers `store.appended` once the row is durable, or `store.append-failed`. */
  append(row: OutboxRow): void;
  /**
   * Removes these rows if they are there. Answers `store.settled`, or `store.failed`. It waits for no disk: a power cut
   * may bring them back, the last ones first.
   */
  settle(ranges: SequenceRange[]): void;
  /** The same of what is given up. Answers `store.dropped` once it is durable, or `store.failed`. */
  drop(ranges: SequenceRange[]): void;
  /** At most `limit` rows of the lane after `after` (null: from the first), by epoch number and sequence. */
  page(lane: Lane, after: OutboxPosition | null, limit: number): void;
  /**
   * Whoever must know has been told that a store was set aside: a later `store.opened` does not say so again. A power
   * cut may undo that. Answers `store.failed`, or nothing.
   */
  setAsideTold(): void;
  stop(): Promise<void>;
}
