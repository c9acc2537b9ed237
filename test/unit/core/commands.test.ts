import { describe, expect, it } from "vitest";
import { faultInParams, faultInResult } from "../../../agent/contract/command-messages.ts";
import { COMMANDS, type CommandName, REPLY_MEMORY } from "../../../agent/contract/commands.ts";
import { ready, refusal, still } from "./asked.ts";
import type { DoorbellOnADesk } from "./doorbell-on-a-desk.ts";

const OWN_REPLY = "porchlight/v1/front-door/reply";

describe("declared commands", () => {
  it("have examples that are what they declare", () => {
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
    ["no text", null],
  ])("that nobody could be answered for (%s) is counted and changes nothing else", (_what, text) => {
    const desk = ready();
    const before = structuredClone(desk.state);
    desk.message("command/chime", text);
    expect(desk.actions.filter(({ type }) => type !== "log")).toEqual([]);
    expect(desk.state).toEqual({ ...before, counters: { ...before.counters, "commands.malformed": 1 } });
  });

  it("that is larger than its topic allows is counted, and changes nothing else", () => {
    const desk = ready();
    const before = structuredClone(desk.state);
    desk.message("command/chime", `{"requestId":"r1","x":"${"y".repeat(4_096)}"}`);
    expect(desk.actions.filter(({ type }) => type !== "log")).toEqual([]);
    const counted = { "inbound.tooLarge": 1, "commands.malformed": 1 };
    expect(desk.state).toEqual({ ...before, counters: { ...before.counters, ...counted } });
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
