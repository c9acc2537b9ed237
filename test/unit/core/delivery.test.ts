import { describe, expect, it } from "vitest";
import { DoorbellOnADesk, EPOCH, storedRow } from "./doorbell-on-a-desk.ts";

const topics = (desk: DoorbellOnADesk) => desk.all("broker.publish").map(({ message }) => message.topic);
const receipts = { uplink: { settle: "receipt" as const } };

describe("delivery", () => {
  it("starts to make a press durable and to publish it at once, and neither waits for the other", () => {
    const desk = DoorbellOnADesk.ready();
    const actions = desk
      .edge(true)
      .wait(40)
      .actions.map((action) => action.type);
    expect(actions).toContain("store.append");
    expect(actions).toContain("broker.publish");
  });

  it("never retains a press", () => {
    const desk = DoorbellOnADesk.ready();
    desk.press();
    expect(desk.published("event/press")[0]?.message.retain).toBe(false);
  });

  it("settles a press on its PUBACK, also before it is durable", () => {
    const desk = DoorbellOnADesk.ready();
    desk.press().ackAll();
    expect(desk.all("store.settle").flatMap(({ ranges }) => ranges)).toContainEqual({
      epoch: EPOCH,
      lane: "press",
      from: 1,
      to: 1,
    });
  });

  it("with receipts, settles by the receipt and not by the PUBACK", () => {
    const desk = DoorbellOnADesk.ready(receipts);
    desk.press().ackAll();
    expect(desk.all("store.settle")).toHaveLength(0);
    desk.receipt([[1, 1]]);
    expect(desk.all("store.settle").at(-1)?.ranges).toEqual([
      { epoch: EPOCH, lane: "press", from: 1, to: 1 },
    ]);
  });

  it("takes no receipt for a number that was not given out", () => {
    const desk = DoorbellOnADesk.ready(receipts);
    desk.press().receipt([[1, 2_000_000]]);
    expect(desk.last("store.settle").ranges).toEqual([{ epoch: EPOCH, lane: "press", from: 1, to: 1 }]);
  });

  it("refuses garbage on the receipt topic, counts it, and says so once", () => {
    const desk = DoorbellOnADesk.ready(receipts);
    desk.press();
    desk.actions = [];
    for (const text of [
      "",
      "{",
      "null",
      '{"epoch":"x"}',
      null,
      '{"epoch":"00000000000000aa","press":[[0,1]],"event":[]}',
    ]) {
      desk.message("receipt", text);
    }
    expect(desk.state.counters["receipts.refused"]).toBe(6);
    expect(desk.all("log")).toHaveLength(1);
    expect(desk.all("store.settle")).toHaveLength(0);
  });

  it("sends again what has no receipt, at pauses that grow, and only while something waits", () => {
    const desk = DoorbellOnADesk.ready(receipts);
    desk
      .press()
      .saveAll(({ lane }) => lane === "press")
      .ackAll();
    desk.actions = [];
    desk.wait(30_000);
    expect(desk.all("store.page").length).toBeGreaterThan(0);
    desk.page("press", []).page("event", []);
    desk.actions = [];
    desk.wait(59_000);
    expect(desk.all("store.page")).toHaveLength(0);
  });

  it("sends an event on late/ when the attempt begins more than 30 s after it happened", () => {
    const desk = DoorbellOnADesk.ready();
    desk.drop().press();
    desk.actions = [];
    desk.now += 29_000;
    desk.input({ type: "timer.fired", occurredAt: desk.now, key: "x", generation: 1 });
    desk.state.uplink.phase = "waiting";
    reconnect(desk);
    expect(topics(desk)).toContain("porchlight/v1/front-door/event/press");
    desk.drop();
    desk.now += 2_000;
    desk.actions = [];
    reconnect(desk);
    // The first answer is to the connection before.
    desk.page("press", []).page("press", []);
    expect(topics(desk)).toContain("porchlight/v1/front-door/late/press");
    expect(topics(desk)).not.toContain("porchlight/v1/front-door/event/press");
  });

  it("sends an earlier start's press live only when both clocks are known and it is young", () => {
    const desk = new DoorbellOnADesk().start().openStore(3).connect();
    const utcNow = desk.now + desk.state.time.offsetMs;
    desk.page("press", [
      storedRow(1, { occurredUtcMs: utcNow - 10_000 }),
      storedRow(2, { occurredUtcMs: utcNow - 10_000, trust: "estimated" }),
      storedRow(3, { occurredUtcMs: utcNow - 40_000 }),
      storedRow(4, { occurredUtcMs: utcNow + 5_000 }),
    ]);
    expect(
      topics(desk)
        .filter((topic) => topic.endsWith("press"))
        .map((topic) => topic.split("/")[3]),
    ).toEqual(["event", "late", "late", "late"]);
  });

  it("pages a backlog in order within its window, and lets a live press overtake it", () => {
    const desk = new DoorbellOnADesk({ uplink: { windowMessages: 3 } }).start().openStore(2).connect();
    desk.state.pacing.windowBytes = 65_536;
    const rows = [1, 2, 3, 4, 5].map((sequence) => storedRow(sequence));
    desk.page("press", rows);
    const sent = () =>
      desk.state.uplink.inFlight.flatMap(({ purpose }) =>
        purpose.kind === "event" && purpose.lane === "press" ? [purpose] : [],
      );
    expect(sent().map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    const [first, second] = desk.state.uplink.inFlight.filter(({ purpose }) => purpose.kind === "event");
    for (const one of [first, second]) desk.ack(one?.token ?? 0);
    expect(sent().map(({ sequence }) => sequence)).toEqual([3, 4, 5]);
    desk.ackAll().press();
    expect(sent().map(({ epoch, sequence }) => `${epoch.slice(-2)}-${sequence}`)).toEqual(["aa-1"]);
  });

  it("asks for more of a backlog before what it has is sent, and reads nothing twice", () => {
    const desk = new DoorbellOnADesk({ uplink: { windowMessages: 64 } }).start().openStore(2).connect();
    desk.state.pacing.windowBytes = 4_194_304;
    const rows = Array.from({ length: 96 }, (_, i) => storedRow(i + 1));
    desk.page("press", rows.slice(0, 64), true);
    expect(desk.last("store.page").after).toEqual({ epochNumber: 1, sequence: 64 });
    desk.page("press", rows.slice(64));
    desk.ackAll().ackAll();
    const sent = desk.published("/press");
    expect(sent).toHaveLength(96);
    expect(desk.all("store.page").filter(({ lane }) => lane === "press")).toHaveLength(2);
  });

  it("does not send what a receipt has settled while it waited for room", () => {
    const desk = new DoorbellOnADesk({ uplink: { windowMessages: 1, settle: "receipt" } })
      .start()
      .openStore(2)
      .connect();
    const own = [1, 2, 3].map((sequence) => storedRow(sequence, { epoch: EPOCH, epochNumber: 2 }));
    desk.state.outbox.last.press = 3;
    desk.page("press", own);
    desk
      .receipt([[2, 2]])
      .ackAll()
      .ackAll();
    const sent = desk.published("/press");
    expect(sent).toHaveLength(2);
  });

  it("lets no late press that the disk refused overtake an older one from the disk", () => {
    const desk = DoorbellOnADesk.ready();
    desk.drop().press();
    desk.input({
      type: "store.append-failed",
      occurredAt: desk.now,
      lane: "press",
      sequence: 1,
      fault: "io",
      detail: "",
    });
    desk.now += 40_000;
    reconnect(desk);
    expect(desk.published("/press")).toHaveLength(0);
    desk.page("press", [storedRow(7)]);
    expect(topics(desk).filter((topic) => topic.endsWith("late/press"))).toHaveLength(2);
    expect(
      desk.state.uplink.inFlight.flatMap(({ purpose }) =>
        purpose.kind === "event" ? [purpose.epoch.slice(-2)] : [],
      ),
    ).toEqual(["bb", "aa"]);
  });

  it("makes another pass when the store could not forget what was delivered", () => {
    const desk = DoorbellOnADesk.ready();
    desk.press().saveAll().ackAll();
    desk.input({
      type: "store.failed",
      occurredAt: desk.now,
      operation: "settle",
      lane: "press",
      fault: "io",
      detail: "",
    });
    desk.state.outbox.totals.press.rows = 1;
    desk.actions = [];
    desk.wait(31_000);
    expect(desk.all("store.page").length).toBeGreaterThan(0);
  });

  it("does not send a live press again when the pass comes to it on the same connection", () => {
    const desk = DoorbellOnADesk.ready();
    desk.state.delivery.press.more = true;
    desk.press();
    desk.actions = [];
    desk.page("press", [storedRow(1, { epoch: EPOCH, epochNumber: 1 })]);
    expect(desk.published("press")).toHaveLength(0);
  });

  it("leaves aside a page that an earlier connection asked for", () => {
    const desk = new DoorbellOnADesk().start().openStore(2).connect();
    desk.drop();
    reconnect(desk);
    desk.page("press", [storedRow(64)]);
    expect(desk.published("press")).toHaveLength(0);
    expect(desk.last("store.page").after).toBeNull();
  });

  it("holds a bounded number in memory when the disk takes nothing, and declares what it drops", () => {
    const desk = new DoorbellOnADesk({ outbox: { memoryRows: 16 } }).start();
    desk.input({ type: "store.unavailable", occurredAt: desk.now, fault: "read-only", detail: "read-only" });
    for (let i = 0; i < 30; i++) desk.press(50).wait(3_000);
    expect(desk.state.outbox.unsaved.length).toBeLessThanOrEqual(16);
    desk.connect();
    const bodies = desk
      .published("/drop")
      .map(({ message }) => message.payload.kind === "text" && JSON.parse(message.payload.text));
    const dropped = bodies.flatMap((body) => body.data.messages);
    expect(dropped.length).toBeGreaterThan(0);
    expect(bodies[0].data.reason).toBe("store-failed");
    expect(desk.state.counters["outbox.dropped"]).toBeGreaterThanOrEqual(14);
  });

  it("sends unsaved events of its own epoch in order with those from the disk", () => {
    const desk = DoorbellOnADesk.ready();
    desk.drop();
    desk.press().wait(1_000);
    desk.input({
      type: "store.append-failed",
      occurredAt: desk.now,
      lane: "event",
      sequence: 2,
      fault: "full",
      detail: "full",
    });
    reconnect(desk);
    desk.actions = [];
    desk.page("event", [storedRow(3, { lane: "event", epoch: EPOCH, epochNumber: 1, eventType: "clip" })]);
    const order = desk.state.uplink.inFlight.flatMap(({ purpose }) =>
      purpose.kind === "event" && purpose.lane === "event" ? [purpose.sequence] : [],
    );
    expect(order).toEqual([...order].sort((a, b) => a - b));
    expect(order).toContain(2);
  });
});

function reconnect(desk: DoorbellOnADesk): void {
  if (desk.state.uplink.phase === "waiting") {
    const timer = desk.state.timers["uplink.connect"];
    desk.input({
      type: "timer.fired",
      occurredAt: desk.now,
      key: "uplink.connect",
      generation: timer?.generation ?? 0,
    });
  }
  desk.connect();
}
