import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Schedule } from "../../../../simulator/scenarios/live/schedule.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

function setup() {
  const began = performance.now();
  const done: string[] = [];
  const schedule = new Schedule(() => Math.floor(performance.now() - began));
  const plan = (atMs: number, name: string) => schedule.at(atMs, () => done.push(name));
  return { schedule, plan, done };
}

test("in the order of their times, and of the calls at one time", () => {
  const { plan, done } = setup();
  plan(20, "d");
  plan(10, "a");
  plan(10, "b");
  plan(15, "c");
  plan(10, "b2");
  vi.advanceTimersByTime(9);
  expect(done).toEqual([]);
  vi.advanceTimersByTime(20);
  expect(done).toEqual(["a", "b", "b2", "c", "d"]);
});

test("what is past comes next, never before the call has returned; what is prevented never", () => {
  const { schedule, plan, done } = setup();
  vi.advanceTimersByTime(100);
  plan(5, "past");
  const prevent = plan(6, "prevented");
  expect(done).toEqual([]);
  prevent();
  vi.advanceTimersByTime(1);
  expect(done).toEqual(["past"]);
  schedule.at(102, () => plan(102, "planned meanwhile"));
  plan(102, "with it");
  vi.advanceTimersByTime(10);
  expect(done).toEqual(["past", "with it", "planned meanwhile"]);
});

test("longer than a timer waits, and nothing after clear", () => {
  const { schedule, plan, done } = setup();
  const month = 30 * 86_400_000;
  plan(month, "in a month");
  vi.advanceTimersByTime(month - 1);
  expect(done).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(done).toEqual(["in a month"]);
  plan(month + 5, "never");
  schedule.clear();
  vi.advanceTimersByTime(month);
  expect(done).toEqual(["in a month"]);
});
