import fc from "fast-check";
import { expect, test } from "vitest";
import { type ParsedTopic, parseTopic, topicsOf } from "../../../agent/contract/topics.ts";

const characters = (alphabet: string, minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom(...alphabet), minLength, maxLength });
const lower = "abcdefghijklmnopqrstuvwxyz";
const deviceId = characters(`${lower}0123456789-`, 3, 36);
const id = characters(`${lower}${lower.toUpperCase()}0123456789_-`, 1, 64);
const eventType = characters(`${lower}-`, 1, 32);
const sha256 = characters("0123456789abcdef", 64, 64);
const size = fc.integer({ min: 0, max: 999_999_999_999_999 });

/** Every topic with what it must be read as. */
const written: fc.Arbitrary<[string, ParsedTopic]> = fc
  .record({ deviceId, id, eventType, sha256, size, late: fc.boolean() })
  .chain(({ deviceId, id, eventType, sha256, size, late }) => {
    const topics = topicsOf(deviceId);
    return fc.constantFrom<[string, ParsedTopic]>(
      [topics.status, { kind: "status", deviceId }],
      [topics.health, { kind: "health", deviceId }],
      [topics.receipt, { kind: "receipt", deviceId }],
      [topics.configDesired, { kind: "config-desired", deviceId }],
      [topics.configReported, { kind: "config-reported", deviceId }],
      [topics.event(eventType, late), { kind: "event", deviceId, eventType, late }],
      [topics.snapshot(id), { kind: "snapshot", deviceId, eventId: id }],
      [topics.clipInit(id), { kind: "clip-init", deviceId, clipId: id }],
      [
        topics.clipSegment(id, size, sha256),
        { kind: "clip-segment", deviceId, clipId: id, offset: size, sha256 },
      ],
      [topics.clipFin(id, size, sha256), { kind: "clip-fin", deviceId, clipId: id, bytes: size, sha256 }],
      [topics.clipAbort(id), { kind: "clip-abort", deviceId, clipId: id }],
    );
  });

test("every topic that is written is read as what it is", () => {
  fc.assert(
    fc.property(written, ([topic, parsed]) => {
      expect(parseTopic(topic)).toEqual(parsed);
    }),
    { numRuns: 500 },
  );
});

test("a topic with a level more, a level less, or another letter is not read as the same", () => {
  fc.assert(
    fc.property(written, fc.nat(), ([topic, parsed], at) => {
      expect(parseTopic(`${topic}/x`)).toBeNull();
      expect(parseTopic(`x/${topic}`)).toBeNull();
      expect(parseTopic(`${topic}\n`)).toBeNull();
      const position = at % topic.length;
      expect(parseTopic(`${topic.slice(0, position)}#${topic.slice(position + 1)}`)).toBeNull();
      expect(parseTopic(topic.slice(0, topic.lastIndexOf("/")))).not.toEqual(parsed);
    }),
    { numRuns: 500 },
  );
});

test("whatever is read can be written again to the same topic", () => {
  const level = fc.oneof(
    fc.constantFrom(
      "status",
      "health",
      "receipt",
      "event",
      "late",
      "snapshot",
      "clip",
      "init",
      "fin",
      "abort",
      "0",
      "007",
    ),
    deviceId,
    sha256,
    size.map(String),
    fc.string({ maxLength: 8 }),
  );
  fc.assert(
    fc.property(fc.array(level, { maxLength: 6 }), (levels) => {
      const topic = ["porchlight/v1", ...levels].join("/");
      const parsed = parseTopic(topic);
      if (parsed) expect(rewritten(parsed)).toBe(topic);
    }),
    { numRuns: 2_000 },
  );
});

function rewritten(parsed: ParsedTopic): string {
  const topics = topicsOf(parsed.deviceId);
  switch (parsed.kind) {
    case "status":
    case "health":
    case "receipt":
      return topics[parsed.kind];
    case "config-desired":
      return topics.configDesired;
    case "config-reported":
      return topics.configReported;
    case "event":
      return topics.event(parsed.eventType, parsed.late);
    case "snapshot":
      return topics.snapshot(parsed.eventId);
    case "clip-init":
      return topics.clipInit(parsed.clipId);
    case "clip-segment":
      return topics.clipSegment(parsed.clipId, parsed.offset, parsed.sha256);
    case "clip-fin":
      return topics.clipFin(parsed.clipId, parsed.bytes, parsed.sha256);
    case "clip-abort":
      return topics.clipAbort(parsed.clipId);
    case "command":
      return topics.command(parsed.name);
    case "reply":
      return topics.reply(parsed.requestId);
  }
}
