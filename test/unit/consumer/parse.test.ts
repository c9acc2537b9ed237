import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseMessage } from "../../../agent/consumer/index.ts";
import { topicsOf } from "../../../agent/contract/topics.ts";
import { bytesOf, DEVICE, EPOCH, event, press, status, topics } from "./messages.ts";

const sha256 = "a".repeat(64);
const receipt = { epoch: EPOCH, press: [[1, 4]], event: [] };
const init = {
  name: "c1.tar",
  segments_ttl: 86_400,
  user_data: {
    deviceId: DEVICE,
    clipId: "c1",
    eventId: "e",
    epoch: EPOCH,
    contentType: "application/x-tar",
    trigger: "press",
    eventTime: "2026-11-24T12:00:00.000Z",
    codec: "avc1.42c01f",
    widthPx: 1280,
    heightPx: 720,
    continues: "",
  },
};

const reread = (
  incoming: { topic: string; payload: Uint8Array },
  change: (event: Record<string, unknown>) => void,
) => {
  const changed = JSON.parse(new TextDecoder().decode(incoming.payload));
  change(changed);
  return parseMessage(incoming.topic, bytesOf(JSON.stringify(changed)));
};

describe("what is read", () => {
  test("an event of a known type, with its times", () => {
    const { topic, payload } = press(3, { late: true, utcMs: Date.UTC(2026, 0, 2), monotonicMs: 77 });
    expect(parseMessage(topic, payload)).toMatchObject({
      kind: "event",
      deviceId: DEVICE,
      late: true,
      eventType: "press",
      event: { id: `${EPOCH}-p3`, lane: "press", sequence: 3 },
      known: { type: "press", data: { heldMs: 40 } },
      utcMs: Date.UTC(2026, 0, 2),
      monotonicMs: 77,
    });
  });

  test("an event of a type that is not known yet, and properties that are not", () => {
    const { payload } = event("clock", 1, { utcMs: 1, previousOffsetMs: 0 });
    const changed = bytesOf(
      new TextDecoder().decode(payload).replace("porchlight.clock", "porchlight.parcel"),
    );
    expect(parseMessage(topics.event("parcel", false), changed)).toMatchObject({
      eventType: "parcel",
      known: null,
    });
    expect(
      reread(press(1), (changedEvent) => {
        Object.assign(changedEvent, { added: true, data: { heldMs: 1, added: true } });
      }),
    ).toMatchObject({ kind: "event" });
  });

  test("every other message", () => {
    expect(parseMessage(topics.status, status({}).payload)).toMatchObject({
      kind: "status",
      status: { connection: 1 },
    });
    expect(parseMessage(topics.receipt, bytesOf(JSON.stringify(receipt)))).toMatchObject({
      kind: "receipt",
      receipt,
    });
    expect(parseMessage(topics.snapshot("e"), new Uint8Array([0xff, 0xd8, 0xff, 1]))).toMatchObject({
      kind: "snapshot",
      eventId: "e",
    });
    const body = JSON.stringify(init);
    expect(parseMessage(topics.clipInit("c1"), bytesOf(body))).toMatchObject({
      kind: "clip-init",
      body,
      init,
    });
    expect(parseMessage(topics.clipSegment("c1", 7, sha256), bytesOf("x"))).toMatchObject({
      kind: "clip-segment",
      offset: 7,
      sha256,
    });
    expect(parseMessage(topics.clipFin("c1", 9, sha256), bytesOf(""))).toMatchObject({
      kind: "clip-fin",
      bytes: 9,
    });
    expect(parseMessage(topics.clipAbort("c1"), bytesOf(""))).toMatchObject({ kind: "clip-abort" });
  });
});

describe("what is refused, and why", () => {
  const jpegOf = (bytes: number) => new Uint8Array(bytes).fill(0xff).fill(0xd8, 1, 2);
  test.each([
    ["another's topic", "homeassistant/status", bytesOf("online"), "unknown-topic"],
    ["a topic of a later version", topics.status.replace("v1", "v2"), status({}).payload, "unknown-topic"],
    ["an empty payload", topics.status, bytesOf(""), "not-json"],
    ["text that is not JSON", topics.status, bytesOf("{"), "not-json"],
    ["bytes that are not UTF-8", topics.status, new Uint8Array([0x22, 0xc3, 0x28, 0x22]), "not-utf8"],
    ["a state that there is not", topics.status, status({ state: "asleep" as "online" }).payload, "invalid"],
    ["JSON of another kind", topics.event("press", false), bytesOf("[]"), "invalid"],
    ["an event of 4,097 bytes", topics.event("press", false), new Uint8Array(4_097), "too-large"],
    [
      "a receipt with half a range",
      topics.receipt,
      bytesOf(JSON.stringify({ ...receipt, press: [[1]] })),
      "invalid",
    ],
    ["a snapshot that is no JPEG", topics.snapshot("e"), bytesOf("GIF89a"), "invalid"],
    ["a snapshot of 131,073 bytes", topics.snapshot("e"), jpegOf(131_073), "too-large"],
    [
      "an `init` on another clip's topic",
      topics.clipInit("c2"),
      bytesOf(JSON.stringify(init)),
      "inconsistent",
    ],
    ["a segment without bytes", topics.clipSegment("c1", 0, sha256), bytesOf(""), "invalid"],
    ["a segment of 131,073 bytes", topics.clipSegment("c1", 0, sha256), new Uint8Array(131_073), "too-large"],
    ["a `fin` with a payload", topics.clipFin("c1", 0, sha256), bytesOf("x"), "too-large"],
    ["an event on another type's topic", topics.event("motion", false), press(1).payload, "inconsistent"],
    [
      "an event on another device's topic",
      topicsOf("back-door").event("press", false),
      press(1).payload,
      "inconsistent",
    ],
  ])("%s", (_, topic, payload, reason) => {
    const outcome = parseMessage(topic, payload);
    expect(outcome).toMatchObject({ kind: "refused", topic, reason });
    expect("detail" in outcome && outcome.detail).not.toBe("");
  });

  test.each<[string, (event: Record<string, unknown>) => void, string]>([
    ["an id that is not its sequence's", (e) => Object.assign(e, { id: `${EPOCH}-p2` }), "inconsistent"],
    ["a time that is none", (e) => Object.assign(e, { time: "yesterday" }), "invalid"],
    ["data that is not the type's", (e) => Object.assign(e, { data: { heldMs: -1 } }), "invalid"],
    ["no sequence", (e) => Object.assign(e, { sequence: undefined }), "invalid"],
    ["another specversion", (e) => Object.assign(e, { specversion: "2.0" }), "invalid"],
  ])("an event with %s", (_, change, reason) => {
    expect(reread(press(1), change)).toMatchObject({ kind: "refused", deviceId: DEVICE, reason });
  });

  test("garbage, wherever it comes: refused, never thrown", () => {
    const anyTopic = fc.oneof(
      fc.string(),
      fc.constantFrom(
        topics.status,
        topics.health,
        topics.receipt,
        topics.event("press", false),
        topics.event("drop", true),
        topics.snapshot("e"),
        topics.clipInit("c"),
        topics.clipSegment("c", 1, sha256),
        topics.clipFin("c", 1, sha256),
      ),
    );
    const anyPayload = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc.json().map(bytesOf),
      fc.jsonValue().map((v) => bytesOf(String(JSON.stringify(v)))),
    );
    fc.assert(
      fc.property(anyTopic, anyPayload, (topic, payload) => {
        const outcome = parseMessage(topic, payload);
        expect(["refused", "snapshot", "clip-segment", "clip-fin"]).toContain(outcome.kind);
      }),
      { numRuns: 800 },
    );
  });

  test("an event with anything in the place of any property is refused or read, never thrown", () => {
    const names = Object.keys(JSON.parse(new TextDecoder().decode(press(1).payload)));
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.jsonValue(), (name, value) => {
        const outcome = reread(press(1), (e) => Object.assign(e, { [name]: value }));
        expect(["refused", "event"]).toContain(outcome.kind);
      }),
      { numRuns: 400 },
    );
  });
});
