import type { Lane, OutboxPosition, OutboxRow, SequenceRange, Store, StoreInput } from "../../ports/store.ts";
import type { StorageClient } from "./client.ts";
import type { StoreRequest } from "./messages.ts";

/** The outbox in SQLite, on the storage worker. */
export class LinuxStore implements Store {
  readonly #client: StorageClient;
  readonly #monotonicMs: () => number;

  constructor(client: StorageClient, monotonicMs: () => number) {
    this.#client = client;
    this.#monotonicMs = monotonicMs;
  }

  start(post: (input: StoreInput) => void): void {
    this.#client.startStore(({ input }) => post({ ...input, occurredAt: this.#monotonicMs() }));
  }

  open(epoch: string, startedUtcMs: number): void {
    this.#ask({ kind: "open", epoch, startedUtcMs });
  }

  append(row: OutboxRow): void {
    this.#ask({ kind: "append", row });
  }

  settle(ranges: SequenceRange[]): void {
    this.#ask({ kind: "settle", ranges });
  }

  drop(ranges: SequenceRange[]): void {
    this.#ask({ kind: "drop", ranges });
  }

  page(lane: Lane, after: OutboxPosition | null, limit: number): void {
    this.#ask({ kind: "page", lane, after, limit });
  }

  setAsideTold(): void {
    this.#ask({ kind: "set-aside-told" });
  }

  stop(): Promise<void> {
    return this.#client.stopStore();
  }

  #ask(request: StoreRequest): void {
    this.#client.send({ to: "store", request });
  }
}
