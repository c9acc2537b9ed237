import { expect, test } from "vitest";
import { logLine } from "../../../simulator/live/log-lines.ts";
import { clockTime } from "../../../simulator/live/text.ts";
import { at, clipWhole, pressEvent } from "./happening.ts";

test("one line a happening: time, subject, words", () => {
  const happening = at(123, pressEvent());
  expect(logLine(happening)).toBe(
    `${clockTime(happening.utcMs)}  event     event/press: somebody rang (0123456789abcdef-p1), 43.2 ms after the contact closed`,
  );
  expect(logLine(at(0, clipWhole()))).toMatch(
    / {2}received {2}.*c1\.mp4, 10\.6 s, every hash right \(finished\)$/,
  );
});

test("what only a picture can show has no line", () => {
  expect(logLine(at(0, { what: "queues", inFlight: 1, outboxRows: 1, store: "durable" }))).toBeNull();
  expect(logLine(at(0, { what: "clip-sent", clipId: "c", sentBytes: 1 }))).toBeNull();
});

test("a line stays one line, whatever comes in", () => {
  const line = logLine(at(0, { what: "refused", detail: "a\nb\u001b[31mc" }));
  expect(line).toMatch(/refused {3}a bc$/);
});
