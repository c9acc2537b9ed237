import { describe, expect, test } from "vitest";
import { Consumer, type EventMessage, type Incoming, type Outcome } from "../../../agent/consumer/index.ts";
import { DEVICE, EPOCH, event, NOON, press } from "./messages.ts";

const NEXT = "fedcba9876543210";
const isEvent = (outcome: Outcome): outcome is Extract<Outcome, { ring: boolean }> =>
  outcome.kind === "event";
const eventIn = (outcomes: Outcome[]) => outcomes.find(isEvent);

describe("receipts", () => {
  const receive = (consumer: Consumer, incoming: Incoming): EventMessage => {
    const message = eventIn(consumer.receive(incoming));
    if (!message) throw new Error("no event");
    return message;
  };

  test("they name what is stored, not what has only arrived", () => {
    const consumer = new Consumer();
    const first = receive(consumer, press(1));
    receive(consumer, press(2));
    const third = receive(consumer, press(3));
    expect(consumer.takeReceipts(DEVICE)).toEqual([]);
    consumer.confirmStored(first);
    consumer.confirmStored(third);
    consumer.confirmStored(receive(consumer, event("clock", 1, { utcMs: NOON, previousOffsetMs: 0 })));
    const receipt = {
      epoch: EPOCH,
      press: [
        [1, 1],
        [3, 3],
      ],
      event: [[1, 1]],
    };
    expect(consumer.receiptOf(DEVICE, EPOCH)).toEqual(receipt);
    expect(consumer.takeReceipts(DEVICE)).toEqual([receipt]);
    expect(consumer.takeReceipts(DEVICE)).toEqual([]);
    expect(consumer.receiptOf(DEVICE, NEXT)).toBeNull();
  });

  test("an event that comes again although it is stored is receipted again", () => {
    const consumer = new Consumer();
    consumer.confirmStored(receive(consumer, press(1)));
    consumer.takeReceipts(DEVICE);
    expect(consumer.receive(press(1))).toMatchObject([{ kind: "duplicate", stored: true }]);
    expect(consumer.takeReceipts(DEVICE)).toHaveLength(1);
  });

  test("what could not be stored is new when it comes again", () => {
    const consumer = new Consumer();
    consumer.forget(receive(consumer, press(1)));
    expect(eventIn(consumer.receive(press(1)))).toBeDefined();
  });

  test("what an earlier run stored is a duplicate", () => {
    const consumer = new Consumer();
    consumer.restore(DEVICE, { epoch: EPOCH, press: [[1, 5]], event: [] });
    expect(consumer.receive(press(4))).toMatchObject([{ kind: "duplicate", stored: true }]);
    expect(eventIn(consumer.receive(press(6)))).toBeDefined();
    expect(consumer.gapsOf(DEVICE)).toEqual([]);
  });

  test("a receipt that would not hold all of it is several, and what came again is among them", () => {
    const consumer = new Consumer();
    const odd = Array.from({ length: 150 }, (_, at) => receive(consumer, press(2 * at + 1)));
    for (const message of odd) consumer.confirmStored(message);
    const receipts = consumer.takeReceipts(DEVICE);
    expect(receipts.map((receipt) => receipt.press.length)).toEqual([64, 64, 22]);
    expect(receipts.flatMap((receipt) => receipt.press)).toEqual(
      odd.map(({ event }) => [event.sequence, event.sequence]),
    );
    consumer.receive(press(3));
    expect(consumer.takeReceipts(DEVICE)).toMatchObject([{ press: [[3, 3]], event: [] }]);
  });

  test("an epoch that owes a receipt is not forgotten for one that owes none", () => {
    const consumer = new Consumer({ maxEpochs: 3 });
    consumer.confirmStored(receive(consumer, press(1)));
    for (let epoch = 1; epoch <= 20; epoch += 1)
      consumer.receive(press(1, { epoch: epoch.toString(16).padStart(16, "0") }));
    expect(consumer.takeReceipts(DEVICE)).toMatchObject([{ epoch: EPOCH, press: [[1, 1]] }]);
  });

  test("of any number of epochs that owe receipts, no more are held than may be", () => {
    const consumer = new Consumer({ maxEpochs: 8 });
    for (let epoch = 1; epoch <= 100; epoch += 1)
      consumer.confirmStored(receive(consumer, press(1, { epoch: epoch.toString(16).padStart(16, "0") })));
    expect(consumer.takeReceipts(DEVICE)).toHaveLength(8);
  });

  test("never more than 64 ranges of a lane, and the newest", () => {
    const consumer = new Consumer();
    for (let sequence = 2; sequence <= 200; sequence += 2)
      consumer.confirmStored(receive(consumer, press(sequence)));
    const ranges = consumer.receiptOf(DEVICE, EPOCH)?.press ?? [];
    expect(ranges).toHaveLength(64);
    expect(ranges.at(-1)).toEqual([200, 200]);
  });
});

describe("times", () => {
  test("a receiver that does not know its own time rings for nothing, and later is as good as any", () => {
    for (const trust of ["synced", "estimated"] as const) {
      const consumer = new Consumer();
      const lost = consumer.receive(press(1, { trust, receivedUtcMs: Number.NaN }));
      expect(lost).toMatchObject([{ kind: "event", ring: false }]);
      const found = consumer.receive(press(2, { trust, receivedUtcMs: NOON + 20 }));
      expect(found).toMatchObject([{ kind: "event", ring: true }]);
      expect(eventIn(found)?.ageMs).toBeLessThan(1_000);
    }
  });

  test("what was estimated is put right by what is known later, and not by what was known earlier", () => {
    const consumer = new Consumer();
    const estimated = eventIn(
      consumer.receive(press(1, { trust: "estimated", utcMs: NOON - 86_400_000, monotonicMs: 5_000 })),
    );
    if (!estimated) throw new Error("an event");
    expect(consumer.timeOf(estimated)).toEqual({ utcMs: NOON - 86_400_000, trust: "estimated" });
    const known = { trust: "synced", utcMs: NOON + 60_000, monotonicMs: 65_000 } as const;
    consumer.receive(event("clock", 1, { utcMs: known.utcMs, previousOffsetMs: 86_400_000 }, known));
    expect(consumer.timeOf(estimated)).toEqual({ utcMs: NOON, trust: "synced" });
    consumer.receive(
      event(
        "clock",
        2,
        { utcMs: 0, previousOffsetMs: 0 },
        { trust: "synced", utcMs: NOON - 7_000, monotonicMs: 1_000 },
      ),
    );
    expect(consumer.timeOf(estimated)).toEqual({ utcMs: NOON, trust: "synced" });
  });
});
