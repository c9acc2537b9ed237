import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { LiveModel } from "../../../simulator/live/model.ts";
import { row, widthOf } from "../../../simulator/live/row.ts";
import { view } from "../../../simulator/live/view.ts";
import { at, clipWhole, emptyModel, modelAfter, pressEvent } from "./happening.ts";

const clipId = "0123456789abcdef-c2";
const busy = modelAfter(
  at(100, { what: "started", device: "front-door", epoch: "0123456789abcdef", version: "0.1.0" }),
  at(200, {
    what: "camera-up",
    source: "test",
    codec: "avc1.42c01f",
    widthPx: 1_280,
    heightPx: 720,
    video: "encode",
  }),
  at(300, { what: "uplink", phase: "connected", url: "mqtt://127.0.0.1:4711", protocol: "5", detail: "" }),
  at(400, { what: "queues", inFlight: 3, outboxRows: 7, store: "durable" }),
  at(8_000, { what: "light", pattern: "ringing" }),
  at(8_010, { what: "chime" }),
  at(8_020, pressEvent()),
  at(
    8_030,
    pressEvent({ sequence: 2, topic: "porchlight/v1/front-door/late/press", late: true, afterPressMs: null }),
  ),
  at(8_040, clipWhole()),
  at(9_000, { what: "clip-recording", clipId, eventId: "e", preRollMs: 4_000, endsAtMs: 15_000 }),
  at(10_000, { what: "clip-grew", clipId, recordedBytes: 1_000_000 }),
  at(10_000, { what: "clip-sent", clipId, sentBytes: 750_000 }),
  at(10_000, { what: "clip-received", clipId, receivedBytes: 500_000 }),
);

test("shows what the doorbell does: its parts, its events with lane, lateness and latency, its clips", () => {
  const screen = plain(busy, 120, 30);
  expect(screen).toMatch(/doorbell\s+◉ ringing\s+button released\s+chime rang once/);
  expect(screen).toMatch(/camera\s+● test {2}1280×720 avc1\.42c01f \(encode\)\s+pre-roll ▰{8} 4\.0 s/);
  expect(screen).toMatch(/uplink\s+● mqtt:\/\/127\.0\.0\.1:4711 {2}MQTT 5\s+in flight 3 · outbox 7/);
  expect(screen).toMatch(/live {2}press 1\s+event\/press\s+somebody rang {2}\+43 ms/);
  expect(screen).toMatch(/late {2}press 2\s+late\/press\s+somebody rang$/m);
  expect(screen).toMatch(
    /c1\s+✔ whole 10\.6 s {2}1\.8 MB {2}porchlight-data\/received\/0123456789abcdef-c1\.mp4/,
  );
});

test("the bar of a clip: received, sent and recorded shares of what will be recorded", () => {
  // 5 of 10 s are recorded: 12 of 24 cells; three quarters of that are sent, half of it is received.
  expect(plain(busy, 120, 30)).toContain(`${"█".repeat(6)}▓▓▓▒▒▒${"░".repeat(12)} ● 5.0 s`);
});

test("a lost uplink, a lost camera and a broker that is off are said with their reasons", () => {
  const lost = modelAfter(
    at(1, { what: "camera-down", fault: "operator", reason: "no such file" }),
    at(2, { what: "uplink", phase: "waiting", url: "u", protocol: "", detail: "nothing listens there" }),
    at(3, { what: "broker", on: false, url: "u" }),
    at(4, { what: "queues", inFlight: 0, outboxRows: 4, store: "memory" }),
  );
  const screen = plain(lost, 100, 30);
  expect(screen).toContain("○ test: no such file");
  expect(screen).toContain("○ waiting  nothing listens there   in flight 0 · outbox 4 in memory only");
  expect(screen).toContain("○ own broker off");
  expect(screen).toContain("b broker on");
  expect(screen).toContain("c camera on");
});

test("a notice goes away by itself", () => {
  const noticed = modelAfter(at(1_000, { what: "refused", detail: "garbage came" }));
  expect(plain(noticed, 100, 30)).toContain("! garbage came");
  expect(plain({ ...noticed, nowMs: 60_000 }, 100, 30)).not.toContain("garbage came");
});

test("fits every terminal, and the keys are always shown on one that has room for a line", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 60 }), (columns, rows) => {
      const lines = plain(busy, columns, rows).split("\n");
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
      if (columns >= 12) expect(lines.at(-1)).toContain("space ring");
    }),
  );
});

test("the newest events and clips are shown when there is no room for all", () => {
  const many = modelAfter(
    ...Array.from({ length: 40 }, (_, index) => at(index, pressEvent({ sequence: index + 1 }))),
    ...Array.from({ length: 40 }, (_, index) => at(index, clipWhole({ clipId: `x-c${index + 1}` }))),
  );
  const screen = plain(many, 100, 24);
  expect(screen).toMatch(/press 40 /);
  expect(screen).toMatch(/c40 /);
  expect(screen).not.toMatch(/press 1 /);
});

test("what came from the network cannot steer the terminal", () => {
  const evil = modelAfter(at(1, pressEvent({ summary: "\u001b[2J\u001b]0;title\u0007a\nb\u009b" })));
  const screen = view(evil, 200, 30);
  for (const steering of ["\u001b[2J", "\u001b]", "\u0007", "\u009b"]) expect(screen).not.toContain(steering);
  expect(screen.split("\n").length).toBeLessThanOrEqual(30);
  expect(plain(evil, 200, 30)).toContain("a b");
});

test("a row is cut at its last cell, also between wide characters", () => {
  expect(row(["abc", { text: "def", style: (text) => `<${text}>` }], 6)).toBe("abc<def>");
  expect(row(["abc", { text: "def", style: (text) => `<${text}>` }], 5)).toBe("abc<d…>");
  expect(row(["門の映像"], 4)).toBe("門…");
  expect(widthOf("門の🔔a")).toBe(7);
});

test("an empty model can be shown", () => {
  expect(plain(emptyModel, 80, 24)).toContain("none yet: press space to ring");
});

function plain(model: LiveModel, columns: number, rows: number): string {
  return stripVTControlCharacters(view(model, columns, rows));
}
