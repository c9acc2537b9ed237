import { describe, expect, it, onTestFinished } from "vitest";
import type { Lane, OutboxRow, SequenceRange, Store, StoreInput } from "../../device/ports/store.ts";

/** A data folder, and the agent's processes on it, one after the other. */
export interface StoreWorld {
  /** The adapter of a new process on this folder, not started. */
  boot(): Promise<Store>;
  /** Ends the process that runs, between two of its steps and without a word. */
  kill(): Promise<void>;
  /** Lets time go by until `met`, or throws. */
  until(met: () => boolean): Promise<void>;
  end(): Promise<void>;
}

type Of<T extends StoreInput["type"]> = Extract<StoreInput, { type: T }>;
const FIRST = "00000000000000aa";
const SECOND = "00000000000000bb";

/** A row of `bytes` bytes, one a second. */
function row(lane: Lane, sequence: number, epoch = FIRST, bytes = 100): OutboxRow {
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

function append(store: Store, presses: number[], epoch = FIRST): void {
  for (const sequence of presses) store.append(row("press", sequence, epoch));
}

const press = (from: number, to: number, epoch = FIRST): SequenceRange => ({
  epoch,
  lane: "press",
  from,
  to,
});

/** What every implementation of `Store` promises. */
export function storeSuite(name: string, make: () => Promise<StoreWorld>): void {
  describe(`store: ${name}`, () => {
    async function world() {
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

    const sequences = (page: Of<"store.page">) => page.rows.map(({ sequence }) => sequence);

    it("begins empty, with epoch 1 and no predecessor", async () => {
      const { opened } = await (await world()).run(FIRST);
      expect(opened).toMatchObject({
        epochNumber: 1,
        previous: null,
        totals: { press: { rows: 0, bytes: 0 }, event: { rows: 0, bytes: 0 } },
      });
    });

    it("answers appends one by one, in their order, with the bytes of the body", async () => {
      const { ask } = await (await world()).run(FIRST);
      const appended = await ask("store.appended", (store) => {
        for (let n = 1; n <= 50; n++) store.append(row("press", n));
        store.append({ ...row("event", 1), body: "é" });
      });
      expect(appended.map(({ lane, sequence, bytes }) => [lane, sequence, bytes])).toEqual([
        ...Array.from({ length: 50 }, (_, n) => ["press", n + 1, 100]),
        ["event", 1, 2],
      ]);
    });

    it("gives rows back as they were", async () => {
      const { ask, page } = await (await world()).run(FIRST);
      await ask("store.appended", (store) => append(store, [1, 2]));
      const { rows, more } = await page("press");
      expect(rows).toEqual([1, 2].map((n) => ({ ...row("press", n), epochNumber: 1 })));
      expect(more).toBe(false);
    });

    it("an append that is repeated changes nothing", async () => {
      const { ask, page } = await (await world()).run(FIRST);
      const appended = await ask("store.appended", (store) => append(store, [1, 1]));
      expect(appended).toHaveLength(2);
      expect(sequences(await page("press"))).toEqual([1]);
      const [settled] = await ask("store.settled", (store) => store.settle([]));
      expect(settled?.totals.press).toEqual({ rows: 1, bytes: 100 });
    });

    it("an answered row is there after the process was killed", async () => {
      const { run, kill } = await world();
      const first = await run(FIRST);
      await first.ask("store.appended", (store) => {
        store.append(row("press", 1));
        store.append(row("event", 1));
        store.append(row("event", 2));
      });
      await kill();
      const second = await run(SECOND);
      expect(second.opened).toMatchObject({
        epochNumber: 2,
        previous: { epoch: FIRST, lastPress: 1, lastEvent: 2 },
        totals: { press: { rows: 1, bytes: 100 }, event: { rows: 2, bytes: 200 } },
      });
      expect(sequences(await second.page("event"))).toEqual([1, 2]);
    });

    it("remembers the last numbers of an epoch when its rows are settled", async () => {
      const { run, kill } = await world();
      const first = await run(FIRST);
      await first.ask("store.settled", (store) => {
        for (let n = 1; n <= 7; n++) store.append(row("press", n));
        store.settle([press(1, 7)]);
      });
      await kill();
      expect((await run(SECOND)).opened.previous).toEqual({ epoch: FIRST, lastPress: 7, lastEvent: 0 });
    });

    it("settles ranges, also beyond what is there, of epochs unknown, and twice", async () => {
      const { ask, page } = await (await world()).run(FIRST);
      await ask("store.appended", (store) => {
        for (let n = 1; n <= 9; n++) store.append(row("press", n));
        store.append(row("event", 2));
      });
      const [settled, again] = await ask("store.settled", (store) => {
        store.settle([press(2, 4), press(8, 2_000), press(1, 9, SECOND)]);
        store.settle([press(2, 4)]);
      });
      const totals = { press: { rows: 4, bytes: 400 }, event: { rows: 1, bytes: 100 } };
      expect([settled?.totals, again?.totals]).toEqual([totals, totals]);
      expect(sequences(await page("press"))).toEqual([1, 5, 6, 7]);
      expect(sequences(await page("event"))).toEqual([2]);
    });

    it("pages a lane across epochs, oldest first, and says whether it goes on", async () => {
      const { run, kill } = await world();
      const first = await run(FIRST);
      await first.ask("store.appended", (store) => append(store, [1, 2, 3]));
      await kill();
      const { ask, page } = await run(SECOND);
      await ask("store.appended", (store) => append(store, [1, 2], SECOND));
      const one = await page("press", null, 2);
      const two = await page("press", { epochNumber: 1, sequence: 2 }, 2);
      const three = await page("press", { epochNumber: 2, sequence: 1 }, 2);
      const four = await page("press", { epochNumber: 2, sequence: 2 }, 2);
      const seen = [one, two, three, four].map(({ rows, more }) => [
        rows.map(({ epochNumber, sequence }) => `${epochNumber}/${sequence}`).join(" "),
        more,
      ]);
      expect(seen).toEqual([
        ["1/1 1/2", true],
        ["1/3 2/1", true],
        ["2/2", false],
        ["", false],
      ]);
    });

    it("refuses an append before it was opened, and says so", async () => {
      const { boot, until } = await world();
      const store = await boot();
      const inputs: StoreInput[] = [];
      store.start((input) => inputs.push(input));
      store.append(row("press", 4));
      await until(() => inputs.length > 0);
      expect(inputs).toMatchObject([{ type: "store.append-failed", lane: "press", sequence: 4 }]);
    });
  });
}
