import { describe, expect, it } from "vitest";
import { Consumer } from "../../../agent/consumer/index.ts";
import { eventBody } from "../../../agent/contract/events.ts";
import { DROP_MAX_BYTES, type Drop, declarationsOf } from "../../../agent/core/drops.ts";
import type { Lane, StoredRow } from "../../../device/ports/store.ts";
import { OutboxDisk } from "../../../simulator/hardware/outbox-disk.ts";
import { DoorbellOnADesk, EPOCH, storedRow } from "./doorbell-on-a-desk.ts";

const OLD_EPOCH = "00000000000000bb";
const full = { outbox: { maxBytes: 65_536 } };
const bodies = (count: number, more: Partial<StoredRow> = {}) =>
  Array.from({ length: count }, (_, i) => storedRow(i + 1, { body: "x".repeat(1_000), ...more }));

/** A desk whose store has just grown beyond its bound by other events. */
function overfull(bytes = 70_000): DoorbellOnADesk {
  const desk = DoorbellOnADesk.ready(full);
  desk.state.outbox.totals.event = { rows: 70, bytes };
  desk.drop();
  desk.actions = [];
  desk.press().saveAll(({ lane }) => lane === "press");
  return desk;
}

const answer = (desk: DoorbellOnADesk, lane: Lane, rows: StoredRow[], more = false) =>
  desk.page(lane, rows, more);

const gap = (lane: Lane, from: number, to: number, more: Partial<Drop> = {}): Drop => ({
  ...{ epoch: OLD_EPOCH, lane, from, to, messages: to - from + 1, reason: "budget" as const },
  ...more,
});
const declaration = (sequence: number, data: Drop): StoredRow =>
  storedRow(sequence, {
    lane: "event",
    eventType: "drop",
    body: eventBody({
      ...{ deviceId: "front-door", type: "drop", epoch: OLD_EPOCH, lane: "event", sequence },
      ...{ monotonicMs: 0, utcMs: 0, trust: "synced", data },
    }),
  });

describe("eviction by size", () => {
  it("declares what it gives up before it removes it: other events, the oldest first", () => {
    const desk = overfull();
    expect(desk.last("store.page")).toMatchObject({ lane: "event", after: null });
    answer(desk, "event", bodies(70, { lane: "event" }));
    const [drop] = desk.events("drop");
    expect(drop?.data).toMatchObject({ lane: "event", from: 1, reason: "budget" });
    expect(drop?.data.to).toBeGreaterThan(10);
    expect(drop?.data.to).toBeLessThan(20);
    expect(desk.all("store.drop")).toHaveLength(0);
    desk.saveAll(({ eventType }) => eventType === "drop");
    expect(desk.last("store.drop").ranges).toEqual([
      { epoch: OLD_EPOCH, lane: "event", from: 1, to: drop?.data.to },
    ]);
  });

  it("goes on to send what was read and is given up, until it is gone for good", () => {
    const desk = overfull();
    const rows = bodies(70, { lane: "event" });
    answer(desk, "event", rows);
    desk.wait(1_000).connect();
    answer(desk, "event", rows.slice(0, 60), true);
    const waiting = () => desk.state.delivery.event.rows.map(({ sequence }) => sequence);
    const [first = 0] = waiting();
    desk.saveAll(({ eventType }) => eventType === "drop");
    const { ranges } = desk.last("store.drop");
    expect(ranges[0]?.to).toBeGreaterThan(first);
    // A power cut would bring them back, behind those that had overtaken them.
    expect(waiting()[0]).toBe(first);
    desk.input({ type: "store.dropped", occurredAt: desk.now, ranges, totals: desk.state.outbox.totals });
    expect(waiting()[0]).toBe(Number(ranges[0]?.to) + 1);
  });

  it("goes on to presses when nothing else is left, and counts them by themselves", () => {
    const desk = overfull();
    answer(desk, "event", []);
    expect(desk.last("store.page")).toMatchObject({ lane: "press", after: null });
    answer(desk, "press", bodies(70));
    const [drop] = desk.events("drop");
    expect(drop?.data.lane).toBe("press");
    const { messages } = drop?.data ?? { messages: 0 };
    expect(desk.state.counters).toMatchObject({
      "outbox.dropped": messages,
      "outbox.dropped.budget": messages,
      "press.dropped": messages,
    });
  });

  it("passes on what a declaration says that it gives up", () => {
    const desk = overfull();
    const rows = [
      declaration(21, gap("event", 1, 20)),
      declaration(31, gap("press", 1, 9, { reason: "age" })),
    ];
    answer(desk, "event", [
      ...rows,
      ...bodies(60, { lane: "event" }).map((row) => ({ ...row, sequence: row.sequence + 31 })),
    ]);
    const told = desk
      .events("drop")
      .map(({ data }) => `${data.lane} ${data.from}-${data.to} ${data.messages} ${data.reason}`);
    expect(told).toHaveLength(3);
    expect(told[0]).toBe("event 1-21 21 budget");
    expect(told[1]).toMatch(/^event 31-\d+ \d+ budget$/);
    expect(told[2]).toBe("press 1-9 9 age");
    // Nothing goes before all of it is durable.
    desk.saveAll(({ body }) => body.includes('"lane":"event","from":1,'));
    expect(desk.all("store.drop")).toHaveLength(0);
    desk.saveAll(({ eventType }) => eventType === "drop");
    expect(desk.all("store.drop")).toHaveLength(1);
  });

  it("gives up no declaration where nothing would be won by it", () => {
    const desk = overfull();
    answer(desk, "event", [declaration(3, gap("event", 1, 2)), declaration(4, gap("press", 1, 2))]);
    expect(desk.events("drop")).toEqual([]);
    expect(desk.last("store.page")).toMatchObject({ lane: "press" });
    answer(desk, "press", []);
    // Within as much again, declarations stay.
    expect(desk.state.eviction.sweep).toBeNull();
    expect(desk.all("store.drop")).toHaveLength(0);
  });

  it("is bounded also by declarations of epochs without end: the oldest go, counted, and said aloud", () => {
    const desk = overfull(140_000);
    const epochs = Array.from({ length: 250 }, (_, i) => {
      const epoch = String(i).padStart(16, "0");
      return { ...declaration(2, gap("event", 1, 1, { epoch })), epoch, epochNumber: i + 1 };
    });
    answer(desk, "event", epochs);
    expect(desk.events("drop")).toEqual([]);
    answer(desk, "press", []);
    answer(desk, "event", epochs);
    const ranges = desk.last("store.drop").ranges;
    expect(ranges[0]).toEqual({ epoch: "0".repeat(16), lane: "event", from: 2, to: 2 });
    expect(desk.state.counters["outbox.dropped.undeclared"]).toBe(ranges.length);
    expect(desk.all("log").at(-1)).toMatchObject({ level: "error" });
  });

  it("does not run for ever over one row that is larger than the bound", () => {
    const desk = DoorbellOnADesk.ready({ outbox: { maxBytes: 1_000 } });
    const disk = new OutboxDisk();
    disk.begin(EPOCH);
    desk.drop();
    desk.actions = [];
    desk.press();
    expect(drive(desk, disk)).toBeLessThan(200);
    expect(desk.state.eviction).toEqual({ sweep: null, declared: [] });
  });

  it.each([8_192, 65_536])(
    "keeps a bound of %i bytes through a long outage; every number is there or declared",
    (maxBytes) => {
      const desk = DoorbellOnADesk.ready({ outbox: { maxBytes } });
      const disk = new OutboxDisk();
      disk.begin(EPOCH);
      desk.drop();
      desk.actions = [];
      let peak = 0;
      for (let n = 0; n < 2_000; n += 1) {
        desk.press(60).wait(30_000);
        drive(desk, disk);
        const { press, event } = disk.totals();
        peak = Math.max(peak, press.bytes + event.bytes);
      }
      expect(peak).toBeLessThan(maxBytes + 4_096);
      const consumer = new Consumer();
      const rows = [...disk.rows("press"), ...disk.rows("event")];
      for (const { body, eventType } of rows) {
        const topic = `porchlight/v1/front-door/late/${eventType}`;
        consumer.receive({
          topic,
          payload: new TextEncoder().encode(body),
          retain: false,
          receivedUtcMs: 9e12,
        });
      }
      const gaps = consumer.gapsOf("front-door").filter(({ epoch }) => epoch === EPOCH);
      expect(gaps.filter(({ reason }) => reason === "budget").length).toBeGreaterThan(0);
      const known = desk.state.outbox.last;
      // What was delivered before the outage is no gap of the outbox.
      const before = { press: 0, event: 2 };
      for (const lane of ["press", "event"] as const) {
        const undeclared = gaps.filter((one) => one.lane === lane && one.reason === "undeclared");
        expect(undeclared.every(({ to }) => to <= before[lane])).toBe(true);
        const held = rows.filter((row) => row.lane === lane).length;
        const missing = gaps
          .filter((one) => one.lane === lane)
          .reduce((sum, { messages }) => sum + messages, 0);
        expect(held + missing).toBe(known[lane]);
      }
    },
  );

  it("comes down from ten times its bound, page by page, when the bound was lowered between two starts", () => {
    const disk = new OutboxDisk();
    disk.begin(OLD_EPOCH);
    for (let n = 1; n <= 650; n += 1) {
      disk.append({ ...storedRow(n, { lane: "event", eventType: "motion" }), body: "x".repeat(1_000) });
    }
    disk.begin(EPOCH);
    const desk = new DoorbellOnADesk(full).start();
    desk.input({
      ...{ type: "store.opened", occurredAt: desk.now, epochNumber: 2 },
      ...{ previous: { epoch: OLD_EPOCH, lastPress: 0, lastEvent: 650 }, totals: disk.totals() },
    });
    drive(desk, disk);
    const { press, event } = disk.totals();
    expect(press.bytes + event.bytes).toBeLessThanOrEqual(65_536);
    const held = disk.rows("event");
    const drops = held.flatMap(({ body, eventType }) =>
      eventType === "drop" ? [JSON.parse(body).data] : [],
    );
    const dropped = 650 - held.filter(({ epoch }) => epoch === OLD_EPOCH).length;
    expect(drops.reduce((sum, { messages }) => sum + messages, 0)).toBe(dropped);
    expect(desk.state.counters["outbox.dropped.budget"]).toBe(dropped);
    expect(drops.length).toBeLessThan(8);
  });
});

describe("eviction by age", () => {
  const aged = { outbox: { maxAgeMs: 60_000 } };

  it("throws nothing of an earlier epoch away on the word of a clock that is not synced", () => {
    const desk = DoorbellOnADesk.ready(aged);
    desk.input({ type: "clock.changed", occurredAt: desk.now, utcMs: 9e12, trust: "estimated" });
    desk.actions = [];
    desk.wait(900_000);
    answer(desk, "event", bodies(2, { lane: "event", occurredUtcMs: 0 }));
    answer(desk, "press", bodies(2, { occurredUtcMs: 0 }));
    expect(desk.events("drop")).toEqual([]);
  });

  it("knows the age of what happened in its own epoch by its own clock", () => {
    const desk = DoorbellOnADesk.ready(aged);
    desk.input({ type: "clock.changed", occurredAt: desk.now, utcMs: 9e12, trust: "estimated" });
    desk.actions = [];
    desk.wait(900_000);
    answer(desk, "event", []);
    const own = { epoch: EPOCH, trust: "estimated" as const };
    answer(desk, "press", [
      storedRow(1, { ...own, occurredMonotonicMs: 10_000 }),
      storedRow(2, { ...own, occurredMonotonicMs: 890_000 }),
    ]);
    expect(desk.events("drop").map(({ data }) => data)).toMatchObject([
      { epoch: EPOCH, lane: "press", from: 1, to: 1, reason: "age" },
    ]);
  });

  it("gives up what is too old, page by page, and counts it", () => {
    const desk = DoorbellOnADesk.ready(aged);
    desk.wait(900_000);
    answer(desk, "event", bodies(2, { lane: "event", occurredUtcMs: 0 }), true);
    expect(desk.last("store.page")).toMatchObject({ lane: "event", after: { epochNumber: 1, sequence: 2 } });
    answer(
      desk,
      "event",
      [
        storedRow(3, { lane: "event", occurredUtcMs: 0 }),
        storedRow(4, { lane: "event", occurredUtcMs: 9e12 }),
      ],
      true,
    );
    answer(desk, "press", bodies(3, { occurredUtcMs: 9e12 }), true);
    expect(desk.state.eviction.sweep).toBeNull();
    expect(desk.events("drop").map(({ data }) => `${data.lane} ${data.messages} ${data.reason}`)).toEqual([
      "event 2 age",
      "event 1 age",
    ]);
    expect(desk.state.counters).toMatchObject({ "outbox.dropped": 3, "outbox.dropped.age": 3 });
  });

  it("takes what came before an old message for old, whatever its own time says; declarations stay", () => {
    const desk = DoorbellOnADesk.ready(aged);
    desk.wait(900_000);
    answer(desk, "event", [
      storedRow(1, { lane: "event", trust: "estimated", occurredUtcMs: 9e12 }),
      { ...declaration(2, gap("press", 1, 1)), occurredUtcMs: 0 },
      storedRow(3, { lane: "event", occurredUtcMs: 0 }),
      storedRow(4, { lane: "event", trust: "estimated", occurredUtcMs: 0 }),
    ]);
    expect(desk.events("drop").map(({ data }) => `${data.from}-${data.to}`)).toEqual(["1-1", "3-3"]);
  });
});

describe("declarations", () => {
  it("are no larger than they are reckoned", () => {
    const text = eventBody({
      ...{ deviceId: "a".repeat(36), type: "drop", epoch: EPOCH, lane: "event", sequence: 2_147_483_647 },
      ...{ monotonicMs: 999_999_999_999_999, utcMs: 8.64e15, trust: "estimated" },
      data: gap("press", 2_147_483_646, 2_147_483_647, { messages: 2_147_483_647, reason: "store-failed" }),
    });
    expect(text.length).toBeLessThanOrEqual(DROP_MAX_BYTES);
  });

  it("name each gap while that is cheap, and else one from the first to the last", () => {
    const apart = [1, 5, 9].map((n) => storedRow(n, { lane: "event", body: "x".repeat(1_000) }));
    expect(declarationsOf(apart, "age").map(({ from, to }) => [from, to])).toEqual([
      [1, 1],
      [5, 5],
      [9, 9],
    ]);
    const small = apart.map((row) => ({ ...row, body: "x".repeat(300) }));
    expect(declarationsOf(small, "age")).toMatchObject([{ from: 1, to: 9, messages: 3 }]);
  });

  it("count a gap once that was declared twice", () => {
    const rows = [declaration(11, gap("event", 1, 10)), declaration(12, gap("event", 1, 10))];
    expect(declarationsOf(rows, "budget")).toMatchObject([{ from: 1, to: 12, messages: 12 }]);
  });
});

/** Carries out what the desk asks of its store until it asks no more; answers how often it asked. */
function drive(desk: DoorbellOnADesk, disk: OutboxDisk): number {
  let asked = 0;
  for (; desk.actions.length > 0 && asked < 10_000; asked += 1) {
    const action = desk.actions.shift();
    const occurredAt = desk.now;
    if (action?.type === "store.append") {
      const { lane, sequence } = action.row;
      desk.input({ type: "store.appended", occurredAt, lane, sequence, bytes: disk.append(action.row) });
    } else if (action?.type === "store.drop") {
      const { ranges } = action;
      disk.drop(ranges);
      desk.input({ type: "store.dropped", occurredAt, ranges, totals: disk.totals() });
    } else if (action?.type === "store.page") {
      const { lane, after, limit } = action;
      desk.input({ type: "store.page", occurredAt, lane, ...disk.page(lane, after, limit) });
    }
  }
  return asked;
}
