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
  /** Where a corrupt store was moved to before this new one was begun; absent or null when all was well. */
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
/** A settle or a page failed; the rows are still there. */
export interface StoreFailed {
  type: "store.failed";
  occurredAt: number;
  operation: "settle" | "page";
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
  | StoreFailed;

/** The durable outbox. Operations take effect in the order of the calls, each answered by an input. */
export interface Store {
  start(post: (input: StoreInput) => void): void;
  /** Records the epoch and its predecessor, durably. Answers `store.opened` or `store.unavailable`. */
  open(epoch: string, startedUtcMs: number): void;
  /** Answers `store.appended` once the row is durable, or `store.append-failed`. */
  append(row: OutboxRow): void;
  /** Removes these rows if they are there. */
  settle(ranges: SequenceRange[]): void;
  /** At most `limit` rows of the lane after `after` (null: from the first), by epoch number and sequence. */
  page(lane: Lane, after: OutboxPosition | null, limit: number): void;
  stop(): Promise<void>;
}
