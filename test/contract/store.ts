import { describe, expect, it } from "vitest";
import type { StoreInput } from "../../device/ports/store.ts";
import { storeLosses } from "./store-loss.ts";
import { append, FIRST, newWorld, press, row, SECOND, type StoreWorld, sequences } from "./store-run.ts";

/** What every implementation of `Store` promises. `powerCuts`: how often the power is cut where chance decides. */
export function storeSuite(name: string, powerCuts: number, make: () => Promise<StoreWorld>): void {
  const cuts = Array.from({ length: powerCuts }, (_, index) => index + 1);

  describe(`store: ${name}`, () => {
    const world = () => newWorld(make);

    storeLosses(world, cuts);

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
  });
}
