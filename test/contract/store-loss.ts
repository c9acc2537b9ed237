import { expect, it } from "vitest";
import { append, FIRST, type newWorld, press, row, SECOND, sequences } from "./store-run.ts";

/** What is there after the power was cut, and after what was kept turned out corrupt. `cuts`: a number for each cut. */
export function storeLosses(world: () => ReturnType<typeof newWorld>, cuts: readonly number[]): void {
  it.each(cuts)("has what it answered after a power cut, and of the rest a beginning (%i)", async (times) => {
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
  });

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
}
