import { describe, expect, it } from "vitest";
import { faultInResult } from "../../../agent/contract/command-messages.ts";
import { COMMANDS } from "../../../agent/contract/commands.ts";
import { ready, refusal, SHA, still } from "./asked.ts";
import { DoorbellOnADesk, EPOCH } from "./doorbell-on-a-desk.ts";

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
    expect(JSON.parse(initBody).user_data).toMatchObject({ trigger: "motion", requested: true, eventId });
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
