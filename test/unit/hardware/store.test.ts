import { describe, expect, it } from "vitest";
import type { OutboxRow, StoreFault, StoreInput } from "../../../device/ports/store.ts";
import { OutboxDisk } from "../../../simulator/hardware/outbox-disk.ts";
import { SimulatedStore } from "../../../simulator/hardware/store.ts";
import { PoweredTime } from "../../../simulator/world/device-time.ts";
import { World } from "../../../simulator/world/world.ts";

const EPOCH = "00000000000000aa";

const row = (sequence: number): OutboxRow => ({
  lane: "press",
  epoch: EPOCH,
  sequence,
  id: `${EPOCH}-p${sequence}`,
  eventType: "press",
  body: "{}",
  occurredMonotonicMs: sequence,
  occurredUtcMs: sequence,
  trust: "synced",
  stillOf: null,
});

function begin(seed = 1, disk = new OutboxDisk()) {
  const world = new World(seed);
  const time = new PoweredTime(world);
  const store = new SimulatedStore(time, disk, world.chance);
  const inputs: StoreInput[] = [];
  store.start((input) => inputs.push(input));
  store.open(EPOCH);
  world.runUntil(100);
  return { world, time, disk, store, inputs };
}

describe("a simulated store when the power goes", () => {
  it("has every row that was answered, and of the others a whole transaction or nothing", () => {
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 200; seed += 1) {
      const { world, time, disk, store, inputs } = begin(seed);
      for (const sequence of [1, 2, 3]) world.at(100 + sequence, () => store.append(row(sequence)));
      world.runUntil(world.chance.int(100, 125));
      store.powerCut();
      time.cut();
      world.runUntil(1_000);
      const kept = disk.rows("press").map(({ sequence }) => sequence);
      const answered = inputs.flatMap((input) => (input.type === "store.appended" ? [input.sequence] : []));
      expect(kept.slice(0, answered.length)).toEqual(answered);
      expect(kept).toEqual([1, 2, 3].slice(0, kept.length));
      outcomes.add(`${answered.length} answered, ${kept.length} kept`);
    }
    // Also rows that are durable and were never answered.
    expect(outcomes).toContain("0 answered, 1 kept");
    expect(outcomes).toContain("0 answered, 0 kept");
    expect(outcomes).toContain("3 answered, 3 kept");
  });

  it("has rows again whose settle was not followed by an append: the newest first, or none", () => {
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 100; seed += 1) {
      const { world, time, disk, store } = begin(seed);
      for (const sequence of [1, 2, 3, 4]) store.append(row(sequence));
      for (const sequence of [2, 4, 1])
        store.settle([{ epoch: EPOCH, lane: "press", from: sequence, to: sequence }]);
      world.runUntil(1_000);
      store.powerCut();
      time.cut();
      outcomes.add(
        disk
          .rows("press")
          .map(({ sequence }) => sequence)
          .join(),
      );
      expect(disk.totals().press).toEqual({
        rows: disk.rows("press").length,
        bytes: 2 * disk.rows("press").length,
      });
    }
    expect([...outcomes].sort()).toEqual(["1,2,3,4", "1,3", "1,3,4", "3"]);
  });

  it("never has a row again whose settle was followed by an append, nor after an orderly end", async () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const { world, disk, store } = begin(seed);
      const settle = (sequence: number) =>
        store.settle([{ epoch: EPOCH, lane: "press", from: sequence, to: sequence }]);
      store.append(row(1));
      settle(1);
      store.append(row(2));
      world.runUntil(1_000);
      if (seed % 2 === 0) {
        settle(2);
        const stopped = store.stop();
        world.runUntil(2_000);
        await stopped;
      }
      store.powerCut();
      expect(disk.rows("press").map(({ sequence }) => sequence)).toEqual(seed % 2 === 0 ? [] : [2]);
    }
  });
});

describe("a simulated store on a bad disk", () => {
  it.each<[StoreFault, string[]]>([
    ["full", ["store.append-failed", "store.settled", "store.page"]],
    ["read-only", ["store.append-failed", "store.failed", "store.page"]],
    ["io", ["store.append-failed", "store.failed", "store.failed"]],
  ])("that is %s answers each request with what it can do", (fault, types) => {
    const { world, disk, store, inputs } = begin();
    disk.fault = fault;
    const before = inputs.length;
    store.append(row(1));
    store.settle([]);
    store.page("press", null, 10);
    world.runUntil(1_000);
    expect(inputs.slice(before).map(({ type }) => type)).toEqual(types);
    expect(disk.rows("press")).toEqual([]);
  });

  it("cannot be opened when it cannot be written", () => {
    const disk = new OutboxDisk();
    disk.fault = "read-only";
    const { inputs } = begin(1, disk);
    expect(inputs).toMatchObject([{ type: "store.unavailable", fault: "read-only" }]);
  });

  it("does nothing with a corrupt outbox until the next start sets it aside", () => {
    const { world, disk, store, inputs } = begin();
    store.append(row(1));
    world.runUntil(200);
    disk.corrupt();
    const before = inputs.length;
    store.append(row(2));
    store.settle([]);
    store.page("press", null, 10);
    store.open("00000000000000bb");
    world.runUntil(1_000);
    expect(inputs.slice(before)).toMatchObject([
      { type: "store.append-failed", fault: "corrupt" },
      { type: "store.failed", operation: "settle", fault: "corrupt" },
      { type: "store.failed", operation: "page", fault: "corrupt" },
      { type: "store.opened", epochNumber: 1, previous: null, setAside: "set-aside/1" },
    ]);
    expect(disk.rows("press")).toEqual([]);
  });

  it("takes its time when it is slow", () => {
    const { world, disk, store, inputs } = begin();
    disk.slowness = 200;
    store.append(row(1));
    world.runUntil(world.nowMs + 150);
    expect(inputs).toHaveLength(1);
    world.runUntil(world.nowMs + 2_000);
    expect(inputs).toHaveLength(2);
  });
});
