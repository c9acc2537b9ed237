import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Consumer, type Incoming, type Outcome } from "../../../agent/consumer/index.ts";
import { DEVICE, EPOCH, event, NOON, press, status, topics } from "./messages.ts";

const NEXT = "fedcba9876543210";
const start = (options: { previousEpoch?: string; lastPress?: number; lastEvent?: number; epoch?: string }) =>
  event(
    "start",
    1,
    {
      previousEpoch: options.previousEpoch ?? "",
      previousLastPress: options.lastPress ?? 0,
      previousLastEvent: options.lastEvent ?? 0,
      version: "0.1.0",
      mode: "normal",
    },
    { epoch: options.epoch ?? EPOCH },
  );
const isEvent = (outcome: Outcome): outcome is Extract<Outcome, { ring: boolean }> =>
  outcome.kind === "event";
const eventIn = (outcomes: Outcome[]) => outcomes.find(isEvent);
const gapsIn = (outcomes: Outcome[]) =>
  outcomes.flatMap((o) => (o.kind === "gap" ? [[o.epoch, o.lane, o.from, o.to, o.reason]] : []));

describe("ringing", () => {
  const rings = (incoming: Incoming) => eventIn(new Consumer().receive(incoming))?.ring;

  test.each<[string, Incoming, boolean]>([
    ["a press that has just happened", press(1), true],
    ["a press of 30.000 s ago", press(1, { receivedUtcMs: NOON + 30_000 }), true],
    ["a press of 30.001 s ago", press(1, { receivedUtcMs: NOON + 30_001 }), false],
    ["a press on `late/`", press(1, { late: true }), false],
    ["a retained press", press(1, { retain: true }), false],
    ["a motionless event", event("clock", 1, { utcMs: 1, previousOffsetMs: 0 }), false],
    [
      "a press whose clock was never set",
      press(1, { trust: "estimated", utcMs: 0, receivedUtcMs: NOON }),
      true,
    ],
  ])("%s", (_, incoming, ring) => {
    expect(rings(incoming)).toBe(ring);
  });

  test("a press with an estimated time that took longer than its epoch's others does not", () => {
    const estimated = (sequence: number, monotonicMs: number, receivedUtcMs: number) =>
      press(sequence, { trust: "estimated", utcMs: 5, monotonicMs, receivedUtcMs });
    const consumer = new Consumer();
    expect(eventIn(consumer.receive(estimated(1, 1_000, NOON)))).toMatchObject({ ring: true, ageMs: 0 });
    expect(eventIn(consumer.receive(estimated(2, 2_000, NOON + 32_000)))).toMatchObject({
      ring: false,
      ageMs: 31_000,
    });
    expect(eventIn(consumer.receive(estimated(3, 60_000, NOON + 59_500)))).toMatchObject({ ring: true });
  });

  test("the same press rings once, whichever way it comes again", () => {
    const consumer = new Consumer();
    consumer.receive(press(1));
    expect(consumer.receive(press(1))).toMatchObject([
      { kind: "duplicate", id: `${EPOCH}-p1`, stored: false },
    ]);
    expect(consumer.receive(press(1, { late: true }))).toMatchObject([{ kind: "duplicate" }]);
  });
});

describe("gaps", () => {
  test("a jump opens one, in its own sequence only", () => {
    const consumer = new Consumer();
    expect(gapsIn(consumer.receive(press(1)))).toEqual([]);
    expect(gapsIn(consumer.receive(press(4)))).toEqual([[EPOCH, "press", 2, 3, "undeclared"]]);
    expect(gapsIn(consumer.receive(start({})))).toEqual([]);
    expect(gapsIn(consumer.receive(press(3)))).toEqual([]);
    expect(consumer.gapsOf(DEVICE)).toMatchObject([{ lane: "press", from: 2, to: 2, reason: "undeclared" }]);
    consumer.receive(press(2));
    expect(consumer.gapsOf(DEVICE)).toEqual([]);
  });

  test("a drop explains what has not arrived of it", () => {
    const drop = (sequence: number, from: number, to: number, reason: "age" | "budget") =>
      event("drop", sequence, { epoch: EPOCH, lane: "press", from, to, messages: to - from + 1, reason });
    const consumer = new Consumer();
    for (const sequence of [1, 4, 9]) consumer.receive(press(sequence));
    expect(gapsIn(consumer.receive(drop(1, 3, 6, "age")))).toEqual([
      [EPOCH, "press", 3, 3, "age"],
      [EPOCH, "press", 5, 6, "age"],
    ]);
    expect(consumer.gapsOf(DEVICE).map(({ from, to, reason }) => [from, to, reason])).toEqual([
      [2, 2, "undeclared"],
      [3, 3, "age"],
      [5, 6, "age"],
      [7, 8, "undeclared"],
    ]);
    expect(consumer.gapsOf(DEVICE).map(({ messages }) => messages)).toEqual([1, 1, 2, 2]);
    expect(gapsIn(consumer.receive(drop(2, 12, 12, "budget")))).toEqual([
      [EPOCH, "press", 10, 11, "undeclared"],
      [EPOCH, "press", 12, 12, "budget"],
    ]);
    consumer.receive(press(3));
    expect(consumer.gapsOf(DEVICE).map(({ from, to }) => [from, to])).not.toContainEqual([3, 3]);
  });

  test("a drop that comes first explains the jump", () => {
    const consumer = new Consumer();
    const data = {
      epoch: EPOCH,
      lane: "press" as const,
      from: 1,
      to: 3,
      messages: 3,
      reason: "storm" as const,
    };
    expect(gapsIn(consumer.receive(event("drop", 1, data)))).toEqual([[EPOCH, "press", 1, 3, "storm"]]);
    expect(gapsIn(consumer.receive(press(5)))).toEqual([[EPOCH, "press", 4, 4, "undeclared"]]);
  });

  test("what was told as undeclared is told again once the device declares it", () => {
    const consumer = new Consumer();
    const drop = { epoch: EPOCH, lane: "press" as const, from: 2, to: 3, messages: 2 };
    consumer.receive(press(1));
    expect(gapsIn(consumer.receive(press(4)))).toEqual([[EPOCH, "press", 2, 3, "undeclared"]]);
    expect(gapsIn(consumer.receive(event("drop", 1, { ...drop, reason: "store-failed" })))).toEqual([
      [EPOCH, "press", 2, 3, "store-failed"],
    ]);
    expect(gapsIn(consumer.receive(event("drop", 2, { ...drop, from: 9, to: 3, reason: "age" })))).toEqual(
      [],
    );
  });

  test("any number of declarations is remembered, where they join", () => {
    const consumer = new Consumer();
    for (let n = 1; n <= 3_000; n += 1) {
      const data = { epoch: EPOCH, lane: "press" as const, from: n, to: n, messages: 1 };
      consumer.receive(event("drop", n, { ...data, reason: "budget" }));
    }
    expect(consumer.gapsOf(DEVICE)).toMatchObject([
      { from: 1, to: 3_000, messages: 3_000, reason: "budget" },
    ]);
  });

  test.each(["budget", "age", "lost", "disk-full"])("a clip given up says why: %s", (reason) => {
    const data = {
      clipId: `${EPOCH}-c1`,
      eventId: `${EPOCH}-p1`,
      state: "dropped" as const,
      preRollMs: 0,
      end: "" as const,
      reason,
      bytes: 1_000,
      sha256: "" as const,
      durationMs: 0,
      continues: "",
    };
    const [outcome] = new Consumer().receive(event("clip", 1, data));
    expect(outcome).toMatchObject({
      kind: "event",
      known: { type: "clip", data: { state: "dropped", reason } },
    });
  });

  test("the next start tells of the end of the epoch before", () => {
    const consumer = new Consumer();
    consumer.receive(press(1));
    const next = start({ epoch: NEXT, previousEpoch: EPOCH, lastPress: 3, lastEvent: 1 });
    expect(gapsIn(consumer.receive(next))).toEqual([
      [EPOCH, "press", 2, 3, "undeclared"],
      [EPOCH, "event", 1, 1, "undeclared"],
    ]);
  });

  test("of an epoch it never heard of, a consumer misses nothing", () => {
    const consumer = new Consumer();
    expect(gapsIn(consumer.receive(start({ epoch: NEXT, previousEpoch: EPOCH, lastPress: 3 })))).toEqual([]);
    expect(consumer.gapsOf(DEVICE)).toEqual([]);
  });
});

describe("status", () => {
  const holds = (consumer: Consumer, message: Parameters<typeof status>[0]) => {
    const [outcome] = consumer.receive(status(message));
    return outcome?.kind === "status" ? outcome.holds : null;
  };

  test("a will of an earlier connection never wins", () => {
    const consumer = new Consumer();
    expect(holds(consumer, { connection: 2 })).toBe(true);
    expect(holds(consumer, { connection: 1, state: "offline" })).toBe(false);
    expect(consumer.statusOf(DEVICE)).toMatchObject({ state: "online", connection: 2 });
    expect(holds(consumer, { connection: 2, state: "offline" })).toBe(true);
    expect(holds(consumer, { connection: 2, state: "online" })).toBe(true);
  });

  test("a will of an earlier epoch never wins, by its number", () => {
    const consumer = new Consumer();
    expect(holds(consumer, { epoch: NEXT, epochNumber: 7 })).toBe(true);
    expect(holds(consumer, { epoch: EPOCH, epochNumber: 6, connection: 99, state: "offline" })).toBe(false);
  });

  test("a start that is counted anew, after a store was set aside, holds for what it says of itself", () => {
    const consumer = new Consumer();
    expect(holds(consumer, { epoch: EPOCH, epochNumber: 7, state: "offline" })).toBe(true);
    expect(holds(consumer, { epoch: NEXT, epochNumber: 1 })).toBe(true);
    expect(holds(consumer, { epoch: EPOCH, epochNumber: 7, connection: 9, state: "offline" })).toBe(false);
    expect(consumer.statusOf(DEVICE)).toMatchObject({ state: "online", epoch: NEXT });
  });

  test("wills that come in any order do not keep a start that is counted anew from being heard", () => {
    const consumer = new Consumer();
    expect(holds(consumer, { epoch: NEXT, epochNumber: 1, connection: 1, state: "offline" })).toBe(true);
    expect(holds(consumer, { epoch: EPOCH, epochNumber: 6, connection: 4, state: "offline" })).toBe(true);
    expect(holds(consumer, { epoch: NEXT, epochNumber: 1, connection: 2 })).toBe(true);
    expect(consumer.statusOf(DEVICE)).toMatchObject({ state: "online", epoch: NEXT });
  });

  test("an online that comes late, from a start before, is put right by the next one", () => {
    const consumer = new Consumer();
    expect(holds(consumer, { epoch: NEXT, epochNumber: 7 })).toBe(true);
    holds(consumer, { epoch: EPOCH, epochNumber: 6 });
    expect(holds(consumer, { epoch: NEXT, epochNumber: 7 })).toBe(true);
    expect(consumer.statusOf(DEVICE)).toMatchObject({ epoch: NEXT });
  });

  test("and not without numbers either, once its successor is known", () => {
    const consumer = new Consumer();
    expect(holds(consumer, { epoch: EPOCH, epochNumber: 0, connection: 9 })).toBe(true);
    expect(holds(consumer, { epoch: NEXT, epochNumber: 0 })).toBe(true);
    expect(holds(consumer, { epoch: EPOCH, epochNumber: 0, connection: 9, state: "offline" })).toBe(false);
    const told = new Consumer();
    told.receive(start({ epoch: NEXT, previousEpoch: EPOCH }));
    expect(holds(told, { epoch: EPOCH, epochNumber: 0, state: "offline" })).toBe(false);
    expect(told.statusOf(DEVICE)).toBeNull();
  });
});

describe("any order and repetition", () => {
  /** Every number of both lanes of two epochs, with some never sent, in any order, each up to three times. */
  const stream = fc
    .record({
      presses: fc.integer({ min: 1, max: 12 }),
      events: fc.integer({ min: 1, max: 12 }),
      lost: fc.array(fc.integer({ min: 1, max: 12 }), { maxLength: 4 }),
    })
    .chain(({ presses, events, lost }) => {
      const numbers = (count: number) =>
        Array.from({ length: count }, (_, i) => i + 1).filter((n) => !lost.includes(n));
      const messages = [EPOCH, NEXT].flatMap((epoch) => [
        ...numbers(presses).map((n) => press(n, { epoch })),
        ...numbers(events).map((n) => event("clock", n, { utcMs: n, previousOffsetMs: 0 }, { epoch })),
      ]);
      const repeated = [...messages, ...messages, ...messages];
      return fc.record({
        messages: fc.constant(messages),
        order: fc.shuffledSubarray(repeated, { minLength: 0, maxLength: repeated.length }),
        rest: fc.shuffledSubarray(messages, { minLength: messages.length }),
      });
    });

  test("gives each event exactly once, the right ranges and the right gaps", () => {
    fc.assert(
      fc.property(stream, ({ messages, order, rest }) => {
        const consumer = new Consumer();
        const ids: string[] = [];
        for (const incoming of [...order, ...rest]) {
          for (const outcome of consumer.receive(incoming)) {
            if (!isEvent(outcome)) continue;
            ids.push(outcome.event.id);
            consumer.confirmStored(outcome);
          }
        }
        const sent = messages.map(({ payload }) => JSON.parse(new TextDecoder().decode(payload)));
        expect(ids.sort()).toEqual(sent.map(({ id }) => id).sort());
        for (const epoch of [EPOCH, NEXT]) {
          for (const lane of ["press", "event"] as const) {
            const numbers = sent.filter((e) => e.epoch === epoch && e.lane === lane).map((e) => e.sequence);
            const stored = consumer.receiptOf(DEVICE, epoch)?.[lane] ?? [];
            expect(stored.flatMap(([from, to]) => span(from, to))).toEqual(numbers);
            const gaps = consumer.gapsOf(DEVICE).filter((gap) => gap.epoch === epoch && gap.lane === lane);
            const missing = span(1, Math.max(0, ...numbers)).filter((number) => !numbers.includes(number));
            expect(gaps.flatMap(({ from, to }) => span(from, to))).toEqual(missing);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  test("garbage in between changes nothing and never throws", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.string(), fc.uint8Array({ maxLength: 40 }))), (garbage) => {
        const consumer = new Consumer();
        for (const [topic, payload] of garbage) {
          for (const where of [topic, topics.event("press", false), topics.status]) {
            const outcomes = consumer.receive({ topic: where, payload, retain: false, receivedUtcMs: NOON });
            expect(outcomes).toMatchObject([{ kind: "refused" }]);
          }
        }
        expect(consumer.statusOf(DEVICE)).toBeNull();
        expect(eventIn(consumer.receive(press(1)))).toMatchObject({ ring: true });
      }),
    );
  });
});

test("memory is bounded in devices and epochs: the oldest is forgotten", () => {
  const consumer = new Consumer({ maxEpochs: 2 });
  const epochs = ["1", "2", "3"].map((digit) => digit.repeat(16));
  for (const epoch of epochs) consumer.receive(press(1, { epoch }));
  expect(epochs.map((epoch) => consumer.receiptOf(DEVICE, epoch) !== null)).toEqual([false, true, true]);
});

test("clip messages are handed on", () => {
  const incoming = {
    topic: topics.clipAbort("c"),
    payload: new Uint8Array(),
    retain: false,
    receivedUtcMs: NOON,
  };
  expect(new Consumer().receive(incoming)).toEqual([
    { kind: "clip", message: { kind: "clip-abort", deviceId: DEVICE, clipId: "c" } },
  ]);
});

function span(from: number, to: number): number[] {
  return Array.from({ length: Math.max(0, to - from + 1) }, (_, index) => from + index);
}
