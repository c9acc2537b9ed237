import { describe, expect, it } from "vitest";
import { faultInResult } from "../../../agent/contract/command-messages.ts";
import { COMMANDS, type CommandName, REPLY_MEMORY } from "../../../agent/contract/commands.ts";
import { DoorbellOnADesk, EPOCH } from "./doorbell-on-a-desk.ts";

const SHA = "ab".repeat(32);
const OWN_REPLY = "porchlight/v1/front-door/reply";

function ready(patch: ConstructorParameters<typeof DoorbellOnADesk>[0] = {}): DoorbellOnADesk {
  const desk = DoorbellOnADesk.ready({ camera: { source: "test" }, ...patch }).cameraUp();
  desk.saveAll().ackAll();
  desk.wait(60_000).ackAll();
  desk.actions = [];
  return desk;
}

const refusal = (desk: DoorbellOnADesk) => desk.replies().at(-1)?.refusal;

describe("declared commands", () => {
  it("have examples that are what they declare", async () => {
    const { faultInParams } = await import("../../../agent/contract/command-messages.ts");
    for (const name of Object.keys(COMMANDS) as CommandName[]) {
      expect([name, faultInParams(name, COMMANDS[name].example.params)]).toEqual([name, null]);
      expect([name, faultInResult(name, COMMANDS[name].example.result)]).toEqual([name, null]);
    }
  });
});

describe("a command", () => {
  it("is done and answered on reply/, neither retained nor recorded as anything else", () => {
    const desk = ready().ask("chime", "r1");
    expect(desk.all("chime.play")).toHaveLength(1);
    expect(desk.events("press")).toEqual([]);
    expect(desk.all("light.show")).toEqual([]);
    const { message } = desk.last("broker.publish");
    expect(message).toMatchObject({ topic: `${OWN_REPLY}/r1`, retain: false });
    expect(desk.replies()).toEqual([{ requestId: "r1", command: "chime", outcome: "done", result: {} }]);
  });

  it("is answered on the response topic with its correlation data, where MQTT 5 gives them", () => {
    const desk = ready().message("command/chime", '{"requestId":"r1"}', false, {
      responseTopic: "cloud/answers",
      correlation: "AAEC",
    });
    expect(desk.last("broker.publish").message).toMatchObject({
      topic: "cloud/answers",
      correlation: "AAEC",
    });
  });

  it.each([
    "porchlight/v1/front-door/command/restart",
    "porchlight/v1/front-door/event/press",
    "porchlight/v1/front-door/reply/a/b",
    "porchlight/v1/back-door/reply/r1",
    "cloud/+/x",
    "cloud/#",
    "$SYS/x",
    "",
    `x${"y".repeat(256)}`,
  ])("never answers on %j: on reply/, and counts it", (responseTopic) => {
    const desk = ready().message("command/chime", '{"requestId":"r1"}', false, { responseTopic });
    expect(desk.last("broker.publish").message.topic).toBe(`${OWN_REPLY}/r1`);
    expect(desk.state.counters["commands.badResponseTopic"]).toBe(1);
    expect(desk.all("chime.play")).toHaveLength(1);
  });

  it("answers on another reply/ of its own, where that is asked for", () => {
    const responseTopic = `${OWN_REPLY}/mine`;
    const desk = ready().message("command/chime", '{"requestId":"r1"}', false, { responseTopic });
    expect(desk.last("broker.publish").message.topic).toBe(responseTopic);
  });

  it("is done once, however often it comes, and answered the same each time", () => {
    const desk = ready().ask("chime", "r1").ackAll().ask("chime", "r1").ackAll().ask("chime", "r1");
    expect(desk.all("chime.play")).toHaveLength(1);
    const [first, ...others] = desk.replies();
    expect(others).toEqual([first, first]);
  });

  it("is done once although it comes again while it is under way", () => {
    const desk = ready().ask("snapshot", "r1").ask("snapshot", "r1");
    expect(desk.all("camera.take-still")).toHaveLength(1);
    expect(desk.replies()).toEqual([]);
    still(desk);
    expect(desk.replies()).toHaveLength(1);
  });

  it("is refused when its id was used for something else", () => {
    const desk = ready().ask("chime", "r1").ackAll().ask("snapshot", "r1").ackAll();
    expect(refusal(desk)).toMatchObject({ code: "conflict", field: "/requestId" });
    desk.ask("record", "r2", { durationMs: 2_000 }).ask("record", "r2", { durationMs: 3_000 }).ackAll();
    expect(refusal(desk)).toMatchObject({ code: "conflict" });
    expect(desk.all("clip.open")).toHaveLength(1);
  });

  it("is forgotten after its time, within bounds", () => {
    const desk = ready({ commands: { maxPerMinute: 600 } });
    for (let i = 0; i < REPLY_MEMORY.most + 20; i += 1) desk.ask("chime", `r${i}`).ackAll();
    expect(desk.state.commands.answered.length).toBe(REPLY_MEMORY.most);
    desk.wait(REPLY_MEMORY.forMs + 1).ask("chime", "r275");
    expect(desk.state.commands.answered).toHaveLength(1);
  });

  it.each([
    ["not JSON", "{"],
    ["no object", "3"],
    ["no id", '{"params":{}}'],
    ["an id that is none", '{"requestId":"a/b"}'],
    ["too large", `{"requestId":"r1","x":"${"y".repeat(4_096)}"}`],
    ["no text", null],
  ])("that nobody could be answered for (%s) is counted and changes nothing else", (_what, text) => {
    const desk = ready();
    const before = structuredClone(desk.state);
    desk.message("command/chime", text);
    expect(desk.actions.filter(({ type }) => type !== "log")).toEqual([]);
    expect(desk.state).toEqual({ ...before, counters: { ...before.counters, "commands.malformed": 1 } });
  });

  it.each([
    ["no such command", "fly", {}, "unknown-command", ""],
    ["a parameter too many", "chime", { loud: true }, "bad-request", "/params/loud"],
    ["a parameter that lacks", "fetch-clip", {}, "bad-request", "/params/clipId"],
    ["a parameter that is wrong", "fetch-clip", { clipId: "../x" }, "bad-request", "/params/clipId"],
    ["one out of its bounds", "record", { durationMs: 1 }, "bad-request", "/params/durationMs"],
  ])("with %s is refused with field and reason", (_what, name, params, code, field) => {
    const desk = ready().ask(name, "r1", params);
    expect(desk.replies()).toMatchObject([{ requestId: "r1", command: name, outcome: "refused" }]);
    expect(refusal(desk)).toMatchObject({ code, field });
    expect(refusal(desk)?.reason).not.toBe("");
    expect(desk.state.commands.answered).toEqual([]);
  });

  it("of a class that is not allowed is refused, and none is taken when the list is empty", () => {
    const household = ready({ commands: { allow: ["household"] } }).ask("restart", "r1");
    expect(refusal(household)).toMatchObject({ code: "not-allowed" });
    const none = ready({ commands: { allow: [] } }).ask("chime", "r1");
    expect(refusal(none)).toMatchObject({ code: "not-allowed" });
    expect(none.all("chime.play")).toEqual([]);
  });

  it("that was retained is refused at every connection", () => {
    const desk = ready().message("command/chime", '{"requestId":"r1"}', true);
    expect(refusal(desk)).toMatchObject({ code: "retained" });
    expect(desk.all("chime.play")).toEqual([]);
  });

  it("that has expired is refused, and one that waited too long in the doorbell too", () => {
    const desk = ready();
    const at = (ms: number) => new Date(1_700_000_000_000 + ms).toISOString();
    desk.ask("chime", "r1", {}, { expiresAt: at(desk.now - 1) }).ackAll();
    expect(refusal(desk)).toMatchObject({ code: "too-late", field: "/expiresAt" });
    desk.ask("chime", "r2", {}, { expiresAt: at(desk.now + 1) }).ackAll();
    expect(desk.replies().at(-1)).toMatchObject({ requestId: "r2", outcome: "done" });
    const came = { type: "broker.message" as const, connection: 1, bytes: 1, retain: false };
    const topic = "porchlight/v1/front-door/command/chime";
    const occurredAt = desk.now - 2_001;
    desk.input({ ...came, occurredAt, topic, text: '{"requestId":"r3"}', expiryS: 2 });
    expect(refusal(desk)).toMatchObject({ code: "too-late" });
    expect(desk.all("chime.play")).toHaveLength(1);
  });

  it("with an expiry is refused while the clock cannot tell", () => {
    const desk = ready();
    const unsynced = { type: "clock.changed" as const, trust: "estimated" as const };
    desk.input({ ...unsynced, occurredAt: desk.now, utcMs: 1_700_000_000_000 + desk.now });
    desk.ask("chime", "r1", {}, { expiresAt: "2100-01-01T00:00:00Z" });
    expect(refusal(desk)).toMatchObject({ code: "too-late" });
    expect(refusal(desk)?.reason).toContain("clock");
  });

  it("beyond the rate is refused, and again under its id", () => {
    const desk = ready({ commands: { maxPerMinute: 2 } });
    for (const id of ["r1", "r2", "r3", "r3"]) desk.ask("chime", id).ackAll();
    expect(desk.all("chime.play")).toHaveLength(2);
    expect(desk.replies().slice(2)).toMatchObject([
      { requestId: "r3", refusal: { code: "busy" } },
      { requestId: "r3", refusal: { code: "busy" } },
    ]);
    desk.wait(60_000).ask("chime", "r4");
    expect(desk.all("chime.play")).toHaveLength(3);
  });

  it("is refused while too many are under way", () => {
    const desk = ready();
    for (let i = 0; i < 9; i += 1) desk.ask("list-clips", `r${i}`).ackAll();
    expect(refusal(desk)).toMatchObject({ code: "busy" });
    expect(desk.all("clip.list")).toHaveLength(8);
  });

  it("that takes too long is refused as timed out, once, and what comes later changes nothing", () => {
    const desk = ready().ask("snapshot", "r1").wait(COMMANDS.snapshot.limitMs);
    expect(refusal(desk)).toMatchObject({ code: "timed-out" });
    still(desk);
    desk.ackAll().ask("snapshot", "r1");
    const [first, second, ...more] = desk.replies();
    expect([second, more]).toEqual([first, []]);
  });
});

describe("replies", () => {
  it("are sent again on later connections until they are acknowledged", () => {
    const desk = ready().ask("chime", "r1");
    desk.drop().wait(61_000).connect().ackAll();
    expect(desk.replies()).toHaveLength(2);
    desk.drop().wait(61_000).connect().ackAll();
    expect(desk.replies()).toHaveLength(2);
  });

  it("are given up after some connections, and after some time", () => {
    const desk = ready().ask("chime", "r1");
    for (let i = 0; i < 8; i += 1) desk.drop().wait(61_000).connect();
    expect(desk.replies()).toHaveLength(5);
    const later = ready().ask("chime", "r1").drop();
    later
      .wait(REPLY_MEMORY.forMs + 61_000)
      .connect()
      .ackAll();
    expect(later.replies()).toHaveLength(1);
    expect(later.state.commands.outgoing).toEqual([]);
  });

  it("go home when the broker refuses the response topic, or ends the connection for it", () => {
    const asked = (desk: DoorbellOnADesk) =>
      desk.message("command/chime", '{"requestId":"r1"}', false, { responseTopic: "not/mine" });
    const refused = asked(ready());
    const { token, connection } = refused.last("broker.publish");
    const failed = { type: "broker.publish-failed" as const, cause: "refused" as const, detail: "no" };
    refused.input({ ...failed, occurredAt: refused.now, connection, token });
    expect(refused.last("broker.publish").message.topic).toBe(`${OWN_REPLY}/r1`);
    const ended = asked(ready()).drop().wait(61_000).connect().ackAll();
    expect(ended.published("/reply/")).toHaveLength(1);
  });

  it("wait for room in the window, one at a time, and a live press does not wait for them", () => {
    const desk = ready();
    for (const id of ["r1", "r2"]) desk.ask("diagnostics", id);
    expect(desk.replies()).toHaveLength(1);
    desk.actions = [];
    desk.press();
    expect(desk.published("event/press")).toHaveLength(1);
    expect(desk.published("/reply/")).toEqual([]);
    desk.ackAll();
    expect(desk.published("/reply/")).toHaveLength(1);
  });

  it("are bounded in number", () => {
    const desk = ready({ commands: { maxPerMinute: 600 } }).drop();
    desk.wait(61_000).connect();
    for (let i = 0; i < 100; i += 1) desk.ask("chime", `r${i}`);
    expect(desk.state.commands.outgoing.length).toBeLessThanOrEqual(64);
    expect(desk.state.counters["commands.repliesDropped"]).toBe(36);
  });
});

describe("snapshot and record", () => {
  it("tell what came of the picture, which travels as that of a press does", () => {
    const desk = ready().ask("snapshot", "r1");
    const { eventId } = desk.last("camera.take-still");
    expect(eventId).toBe(`${EPOCH}-q1`);
    still(desk);
    expect(desk.replies()[0]?.result).toMatchObject({ eventId, bytes: 900, frameOffsetMs: -20, sha256: SHA });
    expect(faultInResult("snapshot", desk.replies()[0]?.result)).toBeNull();
    expect(desk.published(`snapshot/${eventId}`)).toHaveLength(1);
    expect(desk.events("snapshot")).toHaveLength(1);
  });

  it("are refused without pictures, and without a camera", () => {
    const down = ready();
    const lost = { type: "camera.down" as const, fault: "world" as const, seam: false };
    down.input({ ...lost, occurredAt: down.now, reason: "it crashed" });
    down.ask("snapshot", "r1");
    expect(refusal(down)).toMatchObject({ code: "camera-down", reason: "it crashed" });
    down.ackAll().ask("record", "r2");
    expect(refusal(down)).toMatchObject({ code: "camera-down" });
    const none = DoorbellOnADesk.ready().ask("record", "r1");
    expect(refusal(none)).toMatchObject({ code: "unavailable" });
  });

  it("record a clip of its own, answered when it is open", () => {
    const desk = ready().ask("record", "r1", { durationMs: 20_000 });
    const { clipId, initBody, eventId } = desk.last("clip.open");
    expect(JSON.parse(initBody).user_data).toMatchObject({ trigger: "command", eventId });
    expect(desk.replies()).toEqual([]);
    desk.input({ type: "clip.opened", occurredAt: desk.now, clipId, preRollMs: 4_000 });
    expect(desk.replies()[0]?.result).toEqual({ clipId, began: true });
    desk.wait(19_999);
    expect(desk.all("clip.close")).toEqual([]);
    desk.wait(1);
    expect(desk.all("clip.close")).toHaveLength(1);
  });

  it("record on where a clip is being recorded, and a press does not end it sooner", () => {
    const desk = ready().press();
    const { clipId } = desk.last("clip.open");
    desk.ackAll().ask("record", "r1", { durationMs: 30_000 });
    expect(desk.replies()[0]?.result).toEqual({ clipId, began: false });
    desk.wait(10_000).press();
    desk.wait(19_000);
    expect(desk.all("clip.close")).toEqual([]);
    desk.wait(1_000);
    expect(desk.all("clip.close")).toHaveLength(1);
    expect(desk.all("clip.open")).toHaveLength(1);
  });
});

describe("clips", () => {
  const asks = (desk: DoorbellOnADesk, type: "clip.list" | "clip.requeue" | "clip.delete") =>
    desk.last(type).request;
  const initBody = JSON.stringify({ user_data: { trigger: "press", eventTime: "2026-01-01T00:00:00.000Z" } });
  const closed = {
    ...{ end: "finished" as const, bytes: 10, sha256: SHA, durationMs: 5_000 },
    ...{ preRollMs: 4_000, fragments: 5 },
  };

  it("are listed, as many as the link takes at once", () => {
    const desk = ready().ask("list-clips", "r1", { limit: 50, before: "c9" });
    expect(desk.last("clip.list")).toMatchObject({ before: "c9", limit: 11 });
    const clip = { clipId: "c1", eventId: "e1", initBody, recordedBytes: 10, closed, uploaded: true };
    const open = { ...clip, clipId: "c2", closed: null, uploaded: false };
    const told = { type: "clip.listed" as const, occurredAt: desk.now, request: asks(desk, "clip.list") };
    desk.input({ ...told, clips: [open, clip], more: true, found: true });
    expect(desk.replies()[0]?.result).toMatchObject({
      clips: [
        { clipId: "c2", state: "recording", end: "", uploaded: false },
        { clipId: "c1", state: "recorded", end: "finished", trigger: "press", uploaded: true },
      ],
      more: true,
    });
    expect(faultInResult("list-clips", desk.replies()[0]?.result)).toBeNull();
  });

  it.each([
    ["not-found", "not-found"],
    ["recording", "busy"],
    ["failed", "store-failed"],
  ] as const)("that cannot be fetched or deleted (%s) are refused as %s", (outcome, code) => {
    const desk = ready().ask("fetch-clip", "r1", { clipId: "c1" });
    const at = { occurredAt: desk.now, clipId: "c1", outcome };
    desk.input({ type: "clip.requeued", ...at, request: asks(desk, "clip.requeue"), bytes: 0, sha256: "" });
    expect(refusal(desk)).toMatchObject({ code });
    desk.ackAll().ask("delete-clip", "r2", { clipId: "c1" });
    const nothing = { eventId: "", bytes: 0, uploaded: false };
    desk.input({ type: "clip.deleted", ...at, ...nothing, request: asks(desk, "clip.delete") });
    expect(refusal(desk)).toMatchObject({ code });
    expect(desk.events("clip")).toEqual([]);
  });

  it("that are fetched are looked for among those that wait, and sent from their init on", () => {
    const desk = ready().ask("fetch-clip", "r1", { clipId: "c1" });
    const at = { occurredAt: desk.now, clipId: "c1", request: asks(desk, "clip.requeue") };
    desk.input({ type: "clip.requeued", ...at, outcome: "done", bytes: 10, sha256: SHA });
    expect(desk.replies()[0]?.result).toEqual({ clipId: "c1", bytes: 10, sha256: SHA });
    expect(desk.all("clip.list-pending")).toHaveLength(1);
    pending(desk, "c1");
    expect(desk.published("/clip/c1/init")).toHaveLength(1);
    desk.ask("fetch-clip", "r2", { clipId: "c1" });
    expect(desk.all("clip.requeue")).toHaveLength(1);
    expect(desk.replies().at(-1)).toMatchObject({ requestId: "r2", outcome: "done" });
  });

  it("that are deleted on their way are aborted and told as dropped; others silently", () => {
    const desk = ready().ask("fetch-clip", "r1", { clipId: "c1" });
    const at = { occurredAt: desk.now, clipId: "c1" };
    const asked = asks(desk, "clip.requeue");
    desk.input({ type: "clip.requeued", ...at, request: asked, outcome: "done", bytes: 10, sha256: SHA });
    pending(desk, "c1");
    desk.ackAll().ask("delete-clip", "r2", { clipId: "c1" });
    const gone = { ...at, outcome: "done" as const, eventId: "e1", bytes: 10 };
    desk.input({ type: "clip.deleted", ...gone, request: asks(desk, "clip.delete"), uploaded: false });
    expect(desk.replies().at(-1)?.result).toEqual({ clipId: "c1", bytes: 10, uploaded: false });
    desk.ackAll();
    expect(desk.published("/clip/c1/abort")).toHaveLength(1);
    expect(desk.events("clip").at(-1)?.data).toMatchObject({ state: "dropped", reason: "deleted" });
    expect(desk.state.uploads.active).toEqual([]);
    desk.actions = [];
    desk.ask("delete-clip", "r3", { clipId: "c2" });
    const other = { ...gone, clipId: "c2", request: asks(desk, "clip.delete") };
    desk.input({ type: "clip.deleted", ...other, uploaded: true });
    expect(desk.published("/abort")).toEqual([]);
    expect(desk.events("clip")).toEqual([]);
  });

  function pending(desk: DoorbellOnADesk, clipId: string): void {
    const clip = { clipId, eventId: "e1", initBody, recordedBytes: 10, segments: 1, closed };
    const clips = [{ ...clip, ackedSegments: 0, announced: true }];
    desk.input({ type: "clip.pending", occurredAt: desk.now, clips, total: 1 });
    const segments = [{ index: 0, offset: 0, bytes: 10, sha256: SHA }];
    const listed = { type: "clip.segments" as const, clipId, fromIndex: 0, segments, gone: false };
    desk.ackAll().input({ ...listed, occurredAt: desk.now });
  }
});

describe("self-test", () => {
  it("is done when its event is durable and acknowledged, and looks like no press", () => {
    const desk = ready().ask("self-test", "r1");
    const [event] = desk.events("self-test");
    expect(event).toMatchObject({
      lane: "event",
      type: "dev.porchlight.self-test",
      data: { requestId: "r1" },
    });
    expect([desk.events("press"), desk.all("chime.play"), desk.all("light.show")]).toEqual([[], [], []]);
    desk.wait(5).saveAll();
    expect(desk.replies()).toEqual([]);
    desk.wait(5).ackAll();
    const times = { storedMs: 5, publishedMs: 10, settledMs: 10 };
    expect(desk.replies()[0]?.result).toEqual({ eventId: event?.id, settledBy: "puback", ...times });
    expect(faultInResult("self-test", desk.replies()[0]?.result)).toBeNull();
  });

  it("waits for the consumer's receipt where that is what settles", () => {
    const desk = ready({ uplink: { settle: "receipt" } }).ask("self-test", "r1");
    desk.saveAll().ackAll();
    expect(desk.replies()).toEqual([]);
    const { sequence = 0 } = desk.events("self-test")[0] ?? {};
    desk.wait(7).receipt([], [[1, sequence - 1]]);
    expect(desk.replies()).toEqual([]);
    desk.receipt([], [[1, sequence]]);
    expect(desk.replies()[0]?.result).toMatchObject({ settledBy: "receipt", settledMs: 7 });
  });

  it("says where the path ends when it times out, and does not begin without a store", () => {
    const desk = ready().ask("self-test", "r1");
    desk.saveAll().wait(COMMANDS["self-test"].limitMs);
    const reason = "the event was stored, not acknowledged, not settled";
    expect(desk.state.commands.answered[0]?.text).toContain(reason);
    const lost = new DoorbellOnADesk().start();
    lost.input({ type: "store.unavailable", occurredAt: lost.now, fault: "io", detail: "broken" });
    lost.connect().ackAll().ask("self-test", "r1");
    expect(refusal(lost)).toMatchObject({ code: "unavailable" });
  });
});

describe("diagnostics", () => {
  it("tell no secret, no place and no address, in what the link takes at once", () => {
    const desk = new DoorbellOnADesk({
      camera: { source: "rtsp://camera.lan/garden?token=secret", username: "me", passwordFile: "pw" },
      broker: { urls: ["mqtts://broker.lan"], username: "door", passwordFile: "pw" },
    });
    desk.start("normal", { crashes: [{ utcMs: 1_700_000_000_000, reason: "Error: boom" }] });
    desk.openStore().connect().ackAll();
    for (let i = 0; i < 500; i += 1) desk.state.counters[`many.${i}`] = i;
    desk.ask("diagnostics", "r1");
    const text = JSON.stringify(desk.replies()[0]);
    expect(text).not.toMatch(/secret|garden|lan|"me"|"door"|pw/);
    expect(text.length).toBeLessThan(4_096);
    const { result } = desk.replies()[0] ?? {};
    expect(result).toMatchObject({
      camera: { source: "rtsp" },
      crashes: [{ utc: "2023-11-14T22:13:20.000Z", reason: "Error: boom" }],
    });
    expect(faultInResult("diagnostics", result)).toBeNull();
    desk.ackAll();
    desk.state.pacing.bytesPerS = 1_000_000;
    desk.ask("diagnostics", "r2");
    expect(JSON.stringify(desk.replies()[1]).length).toBeLessThan(16_384);
    expect(JSON.stringify(desk.replies()[1]).length).toBeGreaterThan(6_000);
  });
});

describe("restart", () => {
  it("answers first, and ends once that is acknowledged, with the code that means: start me again", () => {
    const desk = ready().ask("restart", "r1");
    expect(desk.all("agent.ended")).toEqual([]);
    expect(desk.published("/status")).toEqual([]);
    desk.ackAll();
    expect(desk.published("/status")).toHaveLength(1);
    desk.ackAll().drop();
    expect(desk.all("agent.ended")).toEqual([
      { type: "agent.ended", exitCode: 75, reason: "restart, as asked", restart: "r1" },
    ]);
  });

  it("does not wait for ever for that", () => {
    const desk = ready()
      .ask("restart", "r1")
      .wait(2_000 + 3_000);
    expect(desk.last("agent.ended").exitCode).toBe(75);
    const gone = ready().ask("restart", "r1").drop().wait(5_000);
    expect(gone.last("agent.ended").exitCode).toBe(75);
  });

  it("is not done again for a request that it was done for, and answered the same", () => {
    const before = ready().ask("restart", "r1");
    const desk = new DoorbellOnADesk()
      .start("normal", { restarts: ["r0", "r1"] })
      .openStore()
      .connect();
    desk.ackAll().wait(60_000).ackAll();
    desk.actions = [];
    desk.ask("restart", "r1").ackAll().wait(10_000);
    expect(desk.all("agent.ended")).toEqual([]);
    expect(desk.replies()).toEqual(before.replies());
  });

  it("is refused so soon after a start that a supervisor would give up", () => {
    const desk = DoorbellOnADesk.ready().ask("restart", "r1");
    expect(refusal(desk)).toMatchObject({ code: "busy" });
    desk.ackAll().wait(10_000);
    expect(desk.all("agent.ended")).toEqual([]);
  });

  it("gives way to a stop, and leaves nobody without an answer", () => {
    const desk = ready().ask("snapshot", "r1").ask("restart", "r2").ackAll();
    expect(desk.state.commands.answered.map(({ text }) => JSON.parse(text))).toMatchObject([
      { requestId: "r2", outcome: "done" },
      { requestId: "r1", refusal: { code: "unavailable" } },
    ]);
    desk.ask("chime", "r3").ackAll();
    expect(refusal(desk)).toMatchObject({ code: "unavailable" });
    desk.input({ type: "agent.stop", occurredAt: desk.now });
    desk.wait(5_000);
    expect(desk.last("agent.ended")).toMatchObject({ exitCode: 0 });
  });
});

function still(desk: DoorbellOnADesk): void {
  const { eventId, atMs } = desk.last("camera.take-still");
  const picture = { widthPx: 640, heightPx: 360, bytes: 900, sha256: SHA };
  desk.input({ type: "camera.still", occurredAt: desk.now, eventId, ...picture, frameAtMs: atMs - 20 });
  desk.saveAll();
  desk.ackAll();
}
