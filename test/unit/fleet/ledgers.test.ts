import { createHash } from "node:crypto";
import fc from "fast-check";
import { expect, test } from "vitest";
import { ClipLedger } from "../../../simulator/fleet/clip-ledger.ts";
import { FleetTime } from "../../../simulator/fleet/fleet-time.ts";
import { FleetTimers } from "../../../simulator/fleet/fleet-timers.ts";
import { mostWithin, percentilesOf } from "../../../simulator/fleet/percentiles.ts";
import { PressLedger } from "../../../simulator/fleet/press-ledger.ts";
import { Storms } from "../../../simulator/fleet/storms.ts";
import { until } from "../../fixtures/until.ts";

test("percentiles are samples, and so many are not above them", () => {
  expect(percentilesOf([])).toBeNull();
  expect(percentilesOf([7])).toEqual({ p50: 7, p95: 7, p99: 7, max: 7 });
  expect(percentilesOf(Array.from({ length: 200 }, (_, i) => 200 - i))).toEqual({
    p50: 100,
    p95: 190,
    p99: 198,
    max: 200,
  });
});

test("the most samples within a window, wherever it is", () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(500), { maxLength: 40 }),
      fc.integer({ min: 1, max: 200 }),
      (samples, windowMs) => {
        const counts = samples.map(
          (from) => samples.filter((ms) => ms >= from && ms < from + windowMs).length,
        );
        expect(mostWithin(samples, windowMs)).toBe(Math.max(0, ...counts));
      },
    ),
  );
});

test("a press is lost until it arrives; what arrives again is no second press; strangers do not count", () => {
  const ledger = new PressLedger();
  const connectionNow = () => 1;
  for (const id of ["a", "b", "c"]) {
    ledger.press();
    ledger.rang(id, { pressedAtMs: 10, connection: id === "b" ? 0 : 1, connectionNow });
  }
  ledger.heard("a", 60);
  ledger.heard("a", 90);
  ledger.heard("b", 500);
  ledger.heard("stranger", 20);
  expect(ledger.totals()).toMatchObject({ pressed: 3, rang: 3, arrived: 2, lost: 1, duplicates: 1 });
  expect(ledger.totals()).toMatchObject({
    latencyMs: { max: 50 },
    waited: { presses: 1, latencyMs: { max: 490 } },
  });
  ledger.press();
  expect(ledger.totals(), "a press that became no event").toMatchObject({ pressed: 4, rang: 3, lost: 2 });
});

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

test("a clip is whole by its bytes, however they are cut and repeated; not when some are missing or wrong", () => {
  const file = Uint8Array.from({ length: 100 }, (_, i) => i);
  const segment = (from: number, to: number, bytes = file.subarray(from, to)) =>
    ({
      kind: "clip-segment",
      deviceId: "d",
      clipId: "c",
      offset: from,
      sha256: sha256(bytes),
      bytes,
    }) as const;
  const fin = { kind: "clip-fin", deviceId: "d", clipId: "c", bytes: 100, sha256: sha256(file) } as const;
  const whole = (messages: Parameters<ClipLedger["heard"]>[0][]) => {
    const ledger = new ClipLedger();
    ledger.opened("c");
    ledger.closed();
    for (const message of messages) ledger.heard(message);
    expect(ledger.awaited).toBe(1 - ledger.totals().whole);
    return ledger.totals().whole === 1;
  };
  expect(whole([segment(0, 60), segment(60, 100), fin])).toBe(true);
  expect(whole([segment(0, 60), segment(20, 80), segment(40, 100), fin, fin])).toBe(true);
  expect(whole([segment(0, 60), fin])).toBe(false);
  expect(whole([segment(60, 100), segment(0, 60), fin])).toBe(false);
  expect(whole([segment(0, 60), segment(60, 100, new Uint8Array(40)), fin])).toBe(false);
  expect(whole([{ ...segment(0, 60), sha256: "0".repeat(64) }, segment(60, 100), fin])).toBe(false);
});

test("a storm counts who comes back, and how many try at once", () => {
  const storms = new Storms();
  storms.begin(1_000, ["a", "b", "c"]);
  expect(storms.tookAway("a")).toBe(true);
  for (const [doorbell, atMs] of [
    ["a", 1_010],
    ["b", 1_050],
    ["b", 1_900],
    ["c", 1_300],
  ] as const) {
    storms.tried(atMs, doorbell);
  }
  storms.back(1_100, "a");
  storms.back(1_500, "b");
  storms.back(1_600, "stranger");
  expect(storms.away).toBe(1);
  expect(storms.totals()).toEqual([
    { cut: 3, back: 2, backMs: { p50: 100, p95: 500, p99: 500, max: 500 }, mostTriesIn100Ms: 2 },
  ]);
});

test("alarms of one time ring in their order, never early, and not when cancelled; after the stop none does", async () => {
  const time = new FleetTime();
  const rung: string[] = [];
  const startedMs = time.monotonicMs();
  time.after(30, () => rung.push(time.monotonicMs() - startedMs >= 30 ? "late" : "early"));
  time.after(5, () => rung.push("cancelled")).cancel();
  time.after(0, () => {
    rung.push("now");
    time.after(0, () => rung.push("then"));
  });
  expect(rung).toEqual([]);
  await until(() => rung.length === 3, "the alarms");
  expect(rung).toEqual(["now", "then", "late"]);
  time.after(0, () => rung.push("stopped"));
  time.stop();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(rung).toHaveLength(3);
});

test("timers of a key replace each other, and fire once", async () => {
  const time = new FleetTime();
  const timers = new FleetTimers(time);
  const fired: string[] = [];
  timers.start(({ key, generation }) => fired.push(`${key}${generation}`));
  const now = time.monotonicMs();
  timers.set("a", 1, now + 5);
  timers.set("b", 1, now + 5);
  timers.set("c", 1, now + 10);
  timers.set("a", 2, now + 15);
  timers.clear("b");
  timers.clear("never");
  await until(() => fired.length === 2, "two timers");
  expect(fired).toEqual(["c1", "a2"]);
  timers.set("d", 1, now);
  timers.stop();
  await new Promise((resolve) => setTimeout(resolve, 5));
  expect(fired).toHaveLength(2);
  time.stop();
});
