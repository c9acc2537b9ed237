import type { Database } from "better-sqlite3";
import type { StoreInput } from "../../ports/store.ts";
import { type StorageFault, storageFault } from "./faults.ts";
import type { StoreRequest, Unstamped } from "./messages.ts";
import { OutboxTable } from "./outbox-table.ts";
import type { SetAsides } from "./set-asides.ts";

type Answer = Unstamped<StoreInput>;
type InTransaction = Exclude<StoreRequest, { kind: "open" | "set-aside-told" }>;

/** A database, and what was found in its place when it was made. */
export interface FoundDatabase {
  database: Database;
  setAsides: Pick<SetAsides, "untold" | "told">;
}

/** Where the outbox finds its database. It may come late, or not at all. */
export interface DatabaseSource {
  /** @throws StorageFault when there is none in this run. */
  open(): FoundDatabase;
}

interface OpenOutbox extends FoundDatabase {
  table: OutboxTable;
}

/** Where it finds room on a full disk. */
export interface OutboxRoom {
  /** Runs what gives room back, or is small and must be: on a full disk with the room that is kept for it. */
  removing<T>(work: () => T): T;
  /** Throws StorageFault `full` while only that room is left. */
  spare(): void;
  /**
   * Gives up something that is needed less than a message; false when nothing is left of that kind.
   * @throws StorageFault
   */
  giveUp(): boolean;
}

/** Clips given up for one message: where that does not help, giving up more will not. */
const MOST_GIVEN_UP = 8;

/**
 * The outbox's requests, answered in their order. What waits together is committed together: one `fsync` for
 * all of it, and none for what is only read or forgotten (in SQLite's WAL mode that is consistent after a power cut all
 * the same: https://sqlite.org/pragma.html#pragma_synchronous). When such a group fails, each request is tried alone and
 * has its own answer. A message that a full disk refuses is tried again as long as there is something that goes before
 * messages.
 */
export class Outbox {
  readonly #source: DatabaseSource;
  readonly #room: OutboxRoom;
  #open: OpenOutbox | null = null;
  #unavailable: StorageFault | null = null;

  constructor(source: DatabaseSource, room: OutboxRoom) {
    this.#source = source;
    this.#room = room;
  }

  /** Carries the requests out and gives their answers, when every row that was added or dropped is so durably. */
  run(requests: readonly StoreRequest[]): Answer[] {
    const answers: Answer[] = [];
    let group: InTransaction[] = [];
    for (const request of requests) {
      if (request.kind !== "open" && request.kind !== "set-aside-told") {
        group.push(request);
        continue;
      }
      answers.push(...this.#commit(group));
      group = [];
      answers.push(...(request.kind === "open" ? [this.#openEpoch(request)] : this.#setAsideTold()));
    }
    answers.push(...this.#commit(group));
    return answers;
  }

  #openEpoch(request: Extract<StoreRequest, { kind: "open" }>): Answer {
    try {
      const { database, setAsides } = this.#source.open();
      const table = this.#open?.table ?? new OutboxTable(database);
      const { epoch, startedUtcMs } = request;
      const opened = this.#room.removing(database.transaction(() => table.open(epoch, startedUtcMs)));
      this.#open = { database, setAsides, table };
      this.#unavailable = null;
      return { type: "store.opened", ...opened, totals: table.totals, setAside: setAsides.untold() };
    } catch (error) {
      this.#unavailable = storageFault(error, "outbox");
      return { type: "store.unavailable", fault: this.#unavailable.fault, detail: this.#unavailable.message };
    }
  }

  #setAsideTold(): Answer[] {
    const open = this.#open;
    if (!open) return [failed({ kind: "set-aside-told" }, this.#missing())];
    try {
      open.setAsides.told();
      return [];
    } catch (error) {
      return [failed({ kind: "set-aside-told" }, storageFault(error, "outbox"))];
    }
  }

  #commit(group: readonly InTransaction[]): Answer[] {
    const open = this.#open;
    if (!open) return group.map((request) => failed(request, this.#missing()));
    if (group.length === 0) return [];
    try {
      return this.#transact(open, group);
    } catch (error) {
      // A bug is thrown; whatever the disk has against the group is found out for each request.
      storageFault(error, "outbox");
      return group.flatMap((request) => this.#alone(open, request));
    }
  }

  #alone(open: OpenOutbox, request: InTransaction): Answer[] {
    const carryOut = () => this.#transact(open, [request]);
    for (let givenUp = 0; ; givenUp += 1) {
      try {
        return request.kind === "append" ? carryOut() : this.#room.removing(carryOut);
      } catch (error) {
        const fault = storageFault(error, "outbox");
        if (fault.fault !== "full" || givenUp === MOST_GIVEN_UP || !this.#giveUp()) {
          return [failed(request, fault)];
        }
      }
    }
  }

  #transact({ database, table }: OpenOutbox, group: readonly InTransaction[]): Answer[] {
    const before = table.totals;
    const addsRows = group.some(({ kind }) => kind === "append");
    // A row that is forgotten twice was delivered twice, which is allowed; waiting for the disk each time is not.
    const mustLast = addsRows || group.some(({ kind }) => kind === "drop");
    try {
      if (addsRows) this.#room.spare();
      if (!mustLast) database.pragma("synchronous = NORMAL");
      return database.transaction(() => group.flatMap((request) => answer(table, request)))();
    } catch (error) {
      table.restore(before);
      throw error;
    } finally {
      if (!mustLast) database.pragma("synchronous = FULL");
    }
  }

  #giveUp(): boolean {
    try {
      return this.#room.giveUp();
    } catch (error) {
      storageFault(error, "outbox");
      return false;
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
    case "drop":
      table.settle(request.ranges);
      return [{ type: "store.dropped", ranges: request.ranges, totals: table.totals }];
    case "page":
      return [
        { type: "store.page", lane: request.lane, ...table.page(request.lane, request.after, request.limit) },
      ];
  }
}

function failed(
  request: Exclude<StoreRequest, { kind: "open" }>,
  error: Pick<StorageFault, "fault" | "message">,
): Answer {
  const { fault, message: detail } = error;
  if (request.kind === "append") {
    const { lane, sequence } = request.row;
    return { type: "store.append-failed", lane, sequence, fault, detail };
  }
  const lane = request.kind === "page" ? request.lane : null;
  return { type: "store.failed", operation: request.kind, lane, fault, detail };
}
