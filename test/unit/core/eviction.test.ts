import { describe, expect, it } from "vitest";
import type { Lane, StoredRow } from "../../../device/ports/store.ts";
import { DoorbellOnADesk, storedRow } from "./doorbell-on-a-desk.ts";

const full = { outbox: { maxBytes: 65_536 } };
const bodies = (count: number, more: Partial<StoredRow> = {}) =>
  Array.from({ length: count }, (_, i) => storedRow(i + 1, { body: "x".repeat(1_000), ...more }));

/** A desk whose store has just grown beyond its bound by other events. */
function overfull(): DoorbellOnADesk {
  const desk = DoorbellOnADesk.ready(full);
  desk.state.outbox.totals.event = { rows: 70, bytes: 70_000 };
  desk.drop();
  desk.actions = [];
  desk.press().saveAll(({ lane }) => lane === "press");
  return desk;
}

const answer = (desk: DoorbellOnADesk, lane: Lane, rows: StoredRow[], more = false) =>
  desk.page(lane, rows, more);

describe("eviction", () => {
  it("declares what it gives up before it removes it: other events, the oldest first", () => {
    const desk = overfull();
    expect(desk.last("store.page")).toMatchObject({ lane: "event", after: null });
    answer(desk, "event", bodies(70, { lane: "event" }));
    const [drop] = desk.events("drop");
    expect(drop?.data).toMatchObject({ lane: "event", from: 1, reason: "budget" });
    expect(drop?.data.to).toBeGreaterThan(10);
    expect(drop?.data.to).toBeLessThan(20);
    expect(desk.all("store.settle")).toHaveLength(0);
    desk.saveAll(({ eventType }) => eventType === "drop");
    expect(desk.last("store.settle").ranges).toEqual([
      { epoch: "00000000000000bb", lane: "event", from: 1, to: drop?.data.to },
    ]);
  });

  it("gives up no declaration of an earlier gap, and goes on to presses when nothing else is left", () => {
    const desk = overfull();
    answer(desk, "event", bodies(3, { lane: "event", eventType: "drop" }));
    expect(desk.last("store.page")).toMatchObject({ lane: "press", after: null });
    answer(desk, "press", bodies(70));
    expect(desk.events("drop")[0]?.data.lane).toBe("press");
  });

  it("throws nothing away for its age on the word of a clock that is not synced", () => {
    const desk = DoorbellOnADesk.ready({ outbox: { maxAgeMs: 60_000 } });
    desk.input({ type: "clock.changed", occurredAt: desk.now, utcMs: 9e12, trust: "estimated" });
    desk.actions = [];
    desk.wait(900_000);
    expect(desk.all("store.page")).toHaveLength(0);
  });

  it("gives up what is too old, and counts it", () => {
    const desk = DoorbellOnADesk.ready({ outbox: { maxAgeMs: 60_000 } });
    desk.wait(900_000);
    answer(desk, "event", bodies(2, { lane: "event", occurredUtcMs: 0 }));
    answer(desk, "press", bodies(3, { occurredUtcMs: 9e12 }));
    expect(desk.events("drop").map(({ data }) => `${data.lane} ${data.messages} ${data.reason}`)).toEqual([
      "event 2 age",
    ]);
    expect(desk.state.counters["outbox.dropped"]).toBe(2);
  });
});
