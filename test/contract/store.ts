import { describe, expect, it, onTestFinished } from "vitest";
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

/** What every implementation of `Store` promises. `powerCuts`: how often the power is cut where chance decides. */
export function storeSuite(name: string, powerCuts: number, make: () => Promise<StoreWorld>): void {
  const cuts = Array.from({ length: powerCuts }, (_, index) => index + 1);

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

    it.each(cuts)(
      "has what it answered after a power cut, and of the rest a beginning (%i)",
      async (times) => {
        const { run, cutPower, until } = await world();
        const first = await run(FIRST);
        const appended = () => first.inputs.filter(({ type }) => type === "store.appended").length;
        for (let n = 1; n <= 60; n++) first.store.append(row("press", n));
        await until(() => appended() >= times);
        for (let n = 61; n <= 120; n++) first.store.append(row("press", n));
        const answered = appended();
        await cutPower();
        const { opened, page } = await run(SECOND);
        const there = sequences(await page("press", null, 200));
        expect(there.length).toBeGreaterThanOrEqual(answered);
        expect(there).toEqual(Array.from(there, (_, index) => index + 1));
        expect(opened.totals.press).toEqual({ rows: there.length, bytes: there.length * 100 });
        expect(opened.previous).toEqual({ epoch: FIRST, lastPress: there.length, lastEvent: 0 });
      },
    );

    it.each(cuts)("may bring rows back that were settled last, as they were (%i)", async () => {
      const { run, cutPower } = await world();
      const first = await run(FIRST);
      await first.ask("store.appended", (store) => append(store, [1, 2, 3, 4, 5]));
      for (const n of [3, 1, 4]) await first.ask("store.settled", (store) => store.settle([press(n, n)]));
      await cutPower();
      const second = await run(SECOND);
      const { rows } = await second.page("press");
      const possible = [
        [2, 5],
        [2, 4, 5],
        [1, 2, 4, 5],
        [1, 2, 3, 4, 5],
      ];
      expect(possible).toContainEqual(rows.map(({ sequence }) => sequence));
      expect(rows).toEqual(rows.map(({ sequence }) => ({ ...row("press", sequence), epochNumber: 1 })));
      expect(second.opened.totals.press.rows).toBe(rows.length);
      // Settled again, and a row made durable after it: now they stay away.
      await second.ask("store.settled", (store) => store.settle([press(1, 5)]));
      await second.ask("store.appended", (store) => append(store, [1], SECOND));
      await cutPower();
      const third = await run("00000000000000cc");
      expect((await third.page("press")).rows.map(({ id }) => id)).toEqual([`${SECOND}-press-1`]);
    });

    it.each(cuts)("never brings rows back that were dropped, nor what was settled before (%i)", async () => {
      const { run, cutPower } = await world();
      const first = await run(FIRST);
      await first.ask("store.appended", (store) => append(store, [1, 2, 3, 4, 5]));
      await first.ask("store.settled", (store) => store.settle([press(5, 5)]));
      const dropped = await first.ask("store.dropped", (store) => store.drop([press(1, 1), press(3, 3)]));
      expect(dropped).toMatchObject([
        { ranges: [press(1, 1), press(3, 3)], totals: { press: { rows: 2, bytes: 200 } } },
      ]);
      await first.ask("store.settled", (store) => store.settle([press(4, 4)]));
      await cutPower();
      const { opened, page } = await run(SECOND);
      const there = sequences(await page("press"));
      expect([[2], [2, 4]]).toContainEqual(there);
      expect(opened.totals.press).toEqual({ rows: there.length, bytes: there.length * 100 });
    });

    it("drops what was added just before, in the order of the calls", async () => {
      const { run, cutPower } = await world();
      const first = await run(FIRST);
      const [dropped] = await first.ask("store.dropped", (store) => {
        append(store, [1, 2]);
        store.drop([press(1, 1)]);
        store.settle([press(2, 2)]);
      });
      expect(dropped?.totals.press.rows).toBe(1);
      await cutPower();
      const { page } = await run(SECOND);
      expect([[], [2]]).toContainEqual(sequences(await page("press")));
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

    it("goes on after a position whose row is settled", async () => {
      const { ask, page } = await (await world()).run(FIRST);
      await ask("store.settled", (store) => {
        append(store, [1, 2, 3, 4]);
        store.settle([press(2, 3)]);
      });
      expect(sequences(await page("press", { epochNumber: 1, sequence: 2 }))).toEqual([4]);
      expect(sequences(await page("event"))).toEqual([]);
    });

    it("does what it is asked in the order of the calls", async () => {
      const { ask, inputs } = await (await world()).run(FIRST);
      const seen = inputs.length;
      await ask("store.settled", (store) => {
        append(store, [1]);
        store.settle([press(1, 1)]);
        append(store, [2]);
        store.settle([press(1, 1)]);
      });
      expect(inputs.slice(seen).map(({ type }) => type)).toEqual([
        "store.appended",
        "store.settled",
        "store.appended",
        "store.settled",
        "store.page",
      ]);
      const totals = inputs
        .slice(seen)
        .flatMap((input) => ("totals" in input ? [input.totals.press.rows] : []));
      expect(totals).toEqual([0, 1]);
    });

    it("posts nothing from within a call, and times in whole milliseconds that never go back", async () => {
      const { boot, until } = await world();
      const store = await boot();
      const inputs: StoreInput[] = [];
      store.start((input) => inputs.push(input));
      store.open(FIRST, 1_800_000_000_000);
      append(store, [1, 2]);
      store.settle([press(1, 1)]);
      store.page("press", null, 10);
      expect(inputs).toEqual([]);
      await until(() => inputs.length === 5);
      const times = inputs.map(({ occurredAt }) => occurredAt);
      expect(times.every(Number.isSafeInteger)).toBe(true);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    });

    it("keeps the first content of an id", async () => {
      const { ask, page } = await (await world()).run(FIRST);
      await ask("store.appended", (store) => append(store, [1]));
      await ask("store.appended", (store) => store.append({ ...row("press", 1), body: "another" }));
      expect((await page("press")).rows).toEqual([{ ...row("press", 1), epochNumber: 1 }]);
    });

    it("finds an epoch again that is opened twice", async () => {
      const { run, kill } = await world();
      await run(FIRST);
      await kill();
      const { ask } = await run(SECOND);
      const [again] = await ask("store.opened", (store) => store.open(SECOND, 0));
      expect(again).toMatchObject({ epochNumber: 2, previous: { epoch: FIRST } });
    });

    it("refuses what is asked before it was opened, each in its way", async () => {
      const { boot, until } = await world();
      const store = await boot();
      const inputs: StoreInput[] = [];
      store.start((input) => inputs.push(input));
      store.append(row("press", 4));
      store.settle([press(1, 4)]);
      store.drop([press(1, 4)]);
      store.setAsideTold();
      store.page("event", null, 10);
      await until(() => inputs.length === 5);
      expect(inputs).toMatchObject([
        { type: "store.append-failed", lane: "press", sequence: 4, fault: "io" },
        { type: "store.failed", operation: "settle", lane: null },
        { type: "store.failed", operation: "drop", lane: null },
        { type: "store.failed", operation: "set-aside-told", lane: null },
        { type: "store.failed", operation: "page", lane: "event" },
      ]);
    });

    it("refuses a row of an epoch that was never opened, and takes its neighbours", async () => {
      const { ask, inputs, page } = await (await world()).run(FIRST);
      await ask("store.appended", (store) => {
        append(store, [1]);
        append(store, [7], SECOND);
        append(store, [2]);
      });
      expect(inputs.filter(({ type }) => type === "store.append-failed")).toMatchObject([
        { lane: "press", sequence: 7, fault: "io" },
      ]);
      expect(sequences(await page("press"))).toEqual([1, 2]);
    });

    it("has done all it was asked for when it has stopped, durably, and posts nothing any more", async () => {
      const { boot, until, cutPower, run } = await world();
      const store = await boot();
      const inputs: StoreInput[] = [];
      store.start((input) => inputs.push(input));
      store.open(FIRST, 1_800_000_000_000);
      append(store, [1, 2, 3]);
      store.settle([press(2, 2)]);
      let stopped = false;
      const stopping = store.stop().then(() => {
        stopped = true;
      });
      await until(() => stopped);
      await stopping;
      const posted = inputs.length;
      await cutPower();
      expect(sequences(await (await run(SECOND)).page("press"))).toEqual([1, 3]);
      expect(inputs.length).toBe(posted);
    });

    it("is set aside when it is corrupt, says where, and begins anew", async () => {
      const { run, kill, corrupt } = await world();
      const first = await run(FIRST);
      await first.ask("store.appended", (store) => append(store, [1, 2]));
      await kill();
      await corrupt();
      const second = await run(SECOND);
      expect(second.opened).toMatchObject({
        epochNumber: 1,
        previous: null,
        totals: { press: { rows: 0, bytes: 0 }, event: { rows: 0, bytes: 0 } },
        setAside: expect.stringMatching(/set-aside/),
      });
      await second.ask("store.appended", (store) => append(store, [1], SECOND));
      await kill();
      const third = await run("00000000000000cc");
      expect(third.opened).toMatchObject({ epochNumber: 2, totals: { press: { rows: 1 } } });
    });

    it("says that it was set aside at every start until that was told, however the one before ended", async () => {
      const { run, kill, cutPower, corrupt } = await world();
      await run(FIRST);
      await kill();
      await corrupt();
      const { setAside } = (await run(SECOND)).opened;
      await kill();
      expect((await run("00000000000000c1")).opened).toMatchObject({ epochNumber: 2, setAside });
      await cutPower();
      const last = await run("00000000000000c2");
      expect(last.opened).toMatchObject({ epochNumber: 3, setAside });
      last.store.setAsideTold();
      const [again] = await last.ask("store.opened", (store) => store.open("00000000000000c2", 0));
      expect(again?.setAside ?? null).toBeNull();
      await kill();
      expect((await run("00000000000000c3")).opened.setAside ?? null).toBeNull();
    });

    it("says of the last one where it was set aside twice, and of none when one of them was told", async () => {
      const { run, kill, corrupt } = await world();
      await run(FIRST);
      for (let times = 1; times <= 2; times += 1) {
        await kill();
        await corrupt();
        const { opened } = await run(SECOND);
        expect(opened.setAside).toMatch(new RegExp(`set-aside/${times}$`));
      }
      await kill();
      const third = await run("00000000000000c1");
      expect(third.opened.setAside).toMatch(/set-aside\/2$/);
      // An epoch that is opened once more makes what was told durable.
      await third.ask("store.opened", (store) => {
        store.setAsideTold();
        store.open("00000000000000c1", 0);
      });
      await kill();
      expect((await run("00000000000000c2")).opened.setAside ?? null).toBeNull();
    });
  });
}
