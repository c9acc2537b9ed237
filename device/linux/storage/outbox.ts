import type { Database } from "better-sqlite3";
import type { StoreInput } from "../../ports/store.ts";
import { type StorageFault, storageFault } from "./faults.ts";
import type { StoreRequest, Unstamped } from "./messages.ts";
import { OutboxTable } from "./outbox-table.ts";

type Answer = Unstamped<StoreInput>;
type InTransaction = Exclude<StoreRequest, { kind: "open" }>;

/** Where the outbox finds its database. It may come late, or not at all. */
export interface DatabaseSource {
  /** @throws StorageFault when there is none in this run. */
  open(): { database: Database; setAside: string | null };
}

/**
 * The outbox's requests, answered in their order. What waits together is committed together: one `fsync` for
 * all of it. When such a group fails, each request is tried alone and has its own answer.
 */
export class Outbox {
  readonly #source: DatabaseSource;
  #open: { database: Database; table: OutboxTable } | null = null;
  #unavailable: StorageFault | null = null;

  constructor(source: DatabaseSource) {
    this.#source = source;
  }

  /** Carries the requests out and gives their answers, when all that succeeded is durable. */
  run(requests: readonly StoreRequest[]): Answer[] {
    const answers: Answer[] = [];
    let group: InTransaction[] = [];
    for (const request of requests) {
      if (request.kind !== "open") {
        group.push(request);
        continue;
      }
      answers.push(...this.#commit(group), this.#openEpoch(request));
      group = [];
    }
    answers.push(...this.#commit(group));
    return answers;
  }

  #openEpoch(request: Extract<StoreRequest, { kind: "open" }>): Answer {
    try {
      const { database, setAside } = this.#source.open();
      const table = this.#open?.table ?? new OutboxTable(database);
      const { epoch, startedUtcMs } = request;
      const opened = database.transaction(() => table.open(epoch, startedUtcMs))();
      this.#open = { database, table };
      this.#unavailable = null;
      return { type: "store.opened", ...opened, totals: table.totals, setAside };
    } catch (error) {
      this.#unavailable = storageFault(error, "outbox");
      return { type: "store.unavailable", fault: this.#unavailable.fault, detail: this.#unavailable.message };
    }
  }

  #commit(group: readonly InTransaction[]): Answer[] {
    if (group.length === 0) return [];
    if (!this.#open) return group.map((request) => failed(request, this.#missing()));
    const { database, table } = this.#open;
    const before = table.totals;
    try {
      return database.transaction(() => group.flatMap((request) => answer(table, request)))();
    } catch (error) {
      table.restore(before);
      const [request, ...others] = group;
      if (!request) return [];
      if (others.length > 0) return group.flatMap((one) => this.#commit([one]));
      return [failed(request, storageFault(error, "outbox"))];
    }
  }

  #missing(): Pick<StorageFault, "fault" | "message"> {
    return this.#unavailable ?? { fault: "io", message: "the store was not opened" };
  }
}

function answer(table: OutboxTable, request: InTransaction): Answer[] {
  switch (request.kind) {
    case "append": {
      const { lane, sequence } = request.row;
      return [{ type: "store.appended", lane, sequence, bytes: table.append(request.row) }];
    }
    case "settle":
      table.settle(request.ranges);
      return [{ type: "store.settled", totals: table.totals }];
    case "page":
      return [
        { type: "store.page", lane: request.lane, ...table.page(request.lane, request.after, request.limit) },
      ];
  }
}

function failed(request: InTransaction, error: Pick<StorageFault, "fault" | "message">): Answer {
  const { fault, message: detail } = error;
  if (request.kind === "append") {
    const { lane, sequence } = request.row;
    return { type: "store.append-failed", lane, sequence, fault, detail };
  }
  const lane = request.kind === "settle" ? null : request.lane;
  return { type: "store.failed", operation: request.kind, lane, fault, detail };
}
