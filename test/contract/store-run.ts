import { onTestFinished } from "vitest";
import type { Lane, OutboxRow, SequenceRange, Store, StoreInput } from "../../device/ports/store.ts";

/** A data folder, and the agent's processes on it, one after the other. */
export interface StoreWorld {
  /** The adapter of a new process on this folder, not started. */
  boot(): Promise<Store>;
  /** Ends the process that runs, between two of its steps and without a word. */
  kill(): Promise<void>;
  /** The power goes: what was not durable is gone, or only a part of it. */
  cutPower(): Promise<void>;
  /** Makes the store unreadable, while no process runs. */
  corrupt(): Promise<void>;
  /** Lets time go by until `met`, or throws. */
  until(met: () => boolean): Promise<void>;
  end(): Promise<void>;
}

export type Of<T extends StoreInput["type"]> = Extract<StoreInput, { type: T }>;
export const FIRST = "00000000000000aa";
export const SECOND = "00000000000000bb";

/** A row of `bytes` bytes, one a second. */
export function row(lane: Lane, sequence: number, epoch = FIRST, bytes = 100): OutboxRow {
  return {
    lane,
    epoch,
    sequence,
    id: `${epoch}-${lane}-${sequence}`,
    eventType: lane === "press" ? "press" : "motion",
    body: "x".repeat(bytes),
    occurredMonotonicMs: sequence * 1_000,
    occurredUtcMs: 1_800_000_000_000 + sequence * 1_000,
    trust: "synced",
    stillOf: sequence % 2 === 0 ? "still-1" : null,
  };
}

export function append(store: Store, presses: number[], epoch = FIRST): void {
  for (const sequence of presses) store.append(row("press", sequence, epoch));
}

export const press = (from: number, to: number, epoch = FIRST): SequenceRange => ({
  epoch,
  lane: "press",
  from,
  to,
});

/** A new data folder for one test, and `run`, which starts a process on it. */
export async function newWorld(make: () => Promise<StoreWorld>) {
  const made = await make();
  onTestFinished(() => made.end());
  /** Starts a process, opens the epoch, and gives what asks and waits for as many answers. */
  async function run(epoch: string) {
    const store = await made.boot();
    const inputs: StoreInput[] = [];
    store.start((input) => inputs.push(input));
    async function ask<T extends StoreInput["type"]>(
      type: T,
      call: (store: Store) => void,
    ): Promise<Of<T>[]> {
      const seen = inputs.length;
      call(store);
      // Requests are answered in their order: when this page has come, all before it have.
      store.page("press", null, 0);
      const pages = type === "store.page" ? 2 : 1;
      await made.until(() => inputs.slice(seen).filter((i) => i.type === "store.page").length === pages);
      return inputs.slice(seen).filter((input): input is Of<T> => input.type === type);
    }
    const [opened] = await ask("store.opened", () => store.open(epoch, 1_800_000_000_000));
    if (!opened) throw new Error(`not opened: ${JSON.stringify(inputs)}`);
    return { store, inputs, opened, ask, page: pager(ask) };
  }
  return { ...made, run };
}

function pager(ask: (type: "store.page", call: (store: Store) => void) => Promise<Of<"store.page">[]>) {
  return async (lane: Lane, after: Parameters<Store["page"]>[1] = null, limit = 100) => {
    const [page] = await ask("store.page", (store) => store.page(lane, after, limit));
    if (!page) throw new Error("no page");
    return page;
  };
}

/** Of the rows of a page. */
export const sequences = (page: Of<"store.page">) => page.rows.map(({ sequence }) => sequence);
