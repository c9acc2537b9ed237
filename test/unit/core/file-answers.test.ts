import { describe, expect, it } from "vitest";
import { FILE_REASON } from "../../../agent/contract/file-transfer.ts";
import type { SegmentHandle } from "../../../device/ports/fragment-store.ts";
import { DoorbellOnADesk } from "./doorbell-on-a-desk.ts";

const SEGMENT = 4_000;
const SHA = "ef".repeat(32);
const handles = (from: number, count: number): SegmentHandle[] =>
  Array.from({ length: count }, (_, i) => ({
    ...{ index: from + i, offset: (from + i) * SEGMENT, bytes: SEGMENT, sha256: SHA },
  }));

/** A doorbell whose broker stores clips itself, with a clip that is being recorded. */
function recording() {
  const desk = DoorbellOnADesk.ready({ camera: { source: "test" }, clip: segmentsOf(65_536) });
  desk.state.pacing.windowBytes = 262_144;
  desk.cameraUp().press();
  const { clipId } = desk.last("clip.open");
  desk.ackAll();
  desk.actions = [];
  return { desk, clipId };
}

function segmentsOf(segmentBytes: number) {
  const { settings } = new DoorbellOnADesk().state;
  return { ...settings.clip, segmentBytes, prefix: "$file-async" as const };
}

/** What was sent of clips since it was asked last, by the levels after the file's id. */
function sent(desk: DoorbellOnADesk): string[] {
  const commands = desk.published("$file-async/").map(({ message }) => {
    const [, , command = ""] = message.topic.split("/");
    return command;
  });
  desk.actions = desk.actions.filter((action) => action.type !== "broker.publish");
  return commands;
}

function answer(desk: DoorbellOnADesk, clipId: string, command: string, code: number, why = "because"): void {
  const topic = `$file-async/${clipId}/${command}`;
  const text = JSON.stringify({
    ...{ vsn: "0.1", topic, packet_id: 1, reason_code: code, reason_description: why },
  });
  answerText(desk, text);
}

function answerText(desk: DoorbellOnADesk, text: string | null): void {
  const { connection } = desk.state.uplink;
  desk.input({
    ...{ type: "broker.message", occurredAt: desk.now, connection, topic: "$file-response/front-door" },
    ...{ text, bytes: 1, retain: false },
  });
}

const segment = (index: number) => `${index * SEGMENT}/${SHA}`;
const fin = (count: number) => `fin/${count * SEGMENT}/${"cd".repeat(32)}`;

function grow(desk: DoorbellOnADesk, clipId: string, from: number, count: number): void {
  desk.input({ type: "clip.grew", occurredAt: desk.now, clipId, segments: handles(from, count) });
  desk.ackAll();
}

function close(desk: DoorbellOnADesk, clipId: string, count: number): void {
  const closing = {
    ...{ end: "finished" as const, bytes: count * SEGMENT, sha256: "cd".repeat(32) },
    ...{ durationMs: 10_000, preRollMs: 4_000, fragments: 10 },
  };
  desk.input({ type: "clip.closed", occurredAt: desk.now, clipId, closing, segments: [] });
  desk.ackAll();
}

const drops = (desk: DoorbellOnADesk) =>
  desk
    .events("clip")
    .filter(({ data }) => data.state === "dropped")
    .map(({ data }) => data.reason);

describe("clips on a broker that stores them itself", () => {
  it("are stored once it has said so: a PUBACK means nothing", () => {
    const { desk, clipId } = recording();
    expect(
      new DoorbellOnADesk({ clip: segmentsOf(65_536) }).start().openStore().last("broker.connect"),
    ).toMatchObject({ subscriptions: expect.arrayContaining(["$file-response/front-door"]) });
    grow(desk, clipId, 0, 2);
    close(desk, clipId, 2);
    expect(sent(desk)).toEqual(["init", "0", String(SEGMENT)]);
    answer(desk, clipId, "init", 0);
    answer(desk, clipId, segment(0), 0);
    expect(sent(desk)).toEqual([]);
    answer(desk, clipId, segment(1), 0);
    desk.ackAll();
    expect(sent(desk)).toEqual(["fin"]);
    expect(desk.all("clip.mark-uploaded")).toEqual([]);
    answer(desk, clipId, fin(2), 0);
    expect(desk.all("clip.mark-uploaded")).toEqual([{ type: "clip.mark-uploaded", clipId }]);
  });

  it("0x80: sends the one segment again, and all of them after fin", () => {
    const { desk, clipId } = recording();
    grow(desk, clipId, 0, 3);
    sent(desk);
    answer(desk, clipId, "init", 0);
    answer(desk, clipId, segment(1), FILE_REASON.resend);
    expect(sent(desk)).toEqual([String(SEGMENT)]);
    desk.ackAll();
    for (const index of [0, 1, 2]) answer(desk, clipId, segment(index), 0);
    close(desk, clipId, 3);
    expect(sent(desk)).toEqual(["fin"]);
    answer(desk, clipId, fin(3), FILE_REASON.resend);
    desk.input({
      ...{
        type: "clip.segments",
        occurredAt: desk.now,
        clipId,
        fromIndex: 0,
        segments: handles(0, 3),
        gone: false,
      },
    });
    expect(sent(desk)).toEqual(["init", "0", String(SEGMENT), String(2 * SEGMENT)]);
    expect(drops(desk)).toEqual([]);
  });

  it("0x10: sends all segments again", () => {
    const { desk, clipId } = recording();
    grow(desk, clipId, 0, 2);
    sent(desk);
    answer(desk, clipId, segment(1), FILE_REASON.resendAll);
    expect(sent(desk)).toEqual(["init"]);
    expect(desk.last("clip.list-segments")).toMatchObject({ clipId, fromIndex: 0 });
  });

  it("gives up a segment, an init or a whole that is refused five times, and says why", () => {
    for (const command of ["init", segment(0)]) {
      const { desk, clipId } = recording();
      grow(desk, clipId, 0, 1);
      for (let i = 0; i < 5; i++) {
        expect(drops(desk)).toEqual([]);
        answer(desk, clipId, command, FILE_REASON.resend, "conflict");
        desk.ackAll();
      }
      expect(drops(desk)[0]).toMatch(/the broker refuses .*: conflict/);
      expect(sent(desk).at(-1)).toBe("abort");
    }
  });

  it("0x83: gives the clip up for good, with what the broker said, although it is still being recorded", () => {
    const { desk, clipId } = recording();
    grow(desk, clipId, 0, 1);
    answer(desk, clipId, segment(0), FILE_REASON.cancel, "no room");
    expect(drops(desk)).toEqual(["the broker cancelled it: no room"]);
    expect(sent(desk).at(-1)).toBe("abort");
    close(desk, clipId, 1);
    expect(desk.all("clip.mark-uploaded").map((action) => action.clipId)).toEqual([clipId]);
    expect(desk.state.uploads.cancelled).toEqual([]);
  });

  it("0x97: waits, twice as long each time and never longer than 80 s, and then sends what was refused", () => {
    const { desk, clipId } = recording();
    grow(desk, clipId, 0, 1);
    answer(desk, clipId, "init", 0);
    sent(desk);
    const waited = [10_000, 20_000, 40_000, 80_000, 80_000];
    for (const ms of waited) {
      answer(desk, clipId, segment(0), FILE_REASON.pause);
      desk.wait(ms - 1).ackAll();
      expect(sent(desk)).toEqual([]);
      desk.wait(1).ackAll();
      expect(sent(desk)).toEqual(["0"]);
    }
    answer(desk, clipId, segment(0), 0);
    answer(desk, clipId, segment(0), 0);
    expect(desk.state.uploads.fileTransfer.pauses).toBe(0);
    expect(drops(desk)).toEqual([]);
  });

  it("0x97: lets a press ring meanwhile", () => {
    const { desk, clipId } = recording();
    grow(desk, clipId, 0, 1);
    answer(desk, clipId, segment(0), FILE_REASON.pause);
    desk.wait(2_000).press();
    expect(desk.published("event/press")).toHaveLength(1);
  });

  it("survive a broker that never answers: they wait for it ever longer, nothing is lost, and it is told", () => {
    const { desk, clipId } = recording();
    grow(desk, clipId, 0, 1);
    close(desk, clipId, 1);
    expect(sent(desk)).toEqual(["init", "0"]);
    desk.actions = [];
    for (let i = 0; i < 300; i++) desk.wait(20_000).ackAll();
    const rounds = sent(desk).filter((command) => command === "init").length;
    // 100 minutes: after 10 s, 20 s … up to an hour, and 30 s of patience each.
    expect(rounds).toBeGreaterThan(5);
    expect(rounds).toBeLessThan(12);
    expect(drops(desk)).toEqual([]);
    expect(desk.all("clip.mark-uploaded")).toEqual([]);
    const told = desk.all("log").filter(({ level }) => level === "error");
    expect(told.length).toBe(desk.state.counters["clips.unanswered"]);
    // It is switched on.
    answer(desk, clipId, "init", 0);
    answer(desk, clipId, segment(0), 0);
    for (let i = 0; i < 400 && desk.state.uploads.active.length > 0; i++) {
      desk.wait(10_000).ackAll();
      for (const command of sent(desk))
        answer(desk, clipId, command === "fin" ? fin(1) : command === "0" ? segment(0) : command, 0);
    }
    expect(desk.all("clip.mark-uploaded").map((action) => action.clipId)).toEqual([clipId]);
  });

  it("give the broker minutes to put a clip together", () => {
    const { desk, clipId } = recording();
    grow(desk, clipId, 0, 1);
    close(desk, clipId, 1);
    answer(desk, clipId, "init", 0);
    answer(desk, clipId, segment(0), 0);
    desk.ackAll();
    sent(desk);
    for (let i = 0; i < 16; i++) desk.wait(20_000).ackAll();
    expect(desk.state.counters["clips.unanswered"]).toBeUndefined();
    for (let i = 0; i < 3; i++) desk.wait(20_000).ackAll();
    expect(desk.state.counters["clips.unanswered"]).toBe(1);
    expect(sent(desk)).toEqual(["fin"]);
  });

  it("are begun anew from what it has stored after a break, with the same init", () => {
    const { desk, clipId } = recording();
    grow(desk, clipId, 0, 3);
    const [first] = desk.published("/init");
    answer(desk, clipId, "init", 0);
    answer(desk, clipId, segment(0), 0);
    answer(desk, clipId, segment(2), 0);
    desk.drop();
    desk.actions = [];
    desk.wait(61_000).connect();
    expect(desk.published("/init")[0]?.message).toEqual(first?.message);
    // The second was not answered: what comes after it counts for nothing.
    expect(desk.last("clip.list-segments")).toMatchObject({ clipId, fromIndex: 1 });
  });

  it("leave a refused PUBACK to the answer that follows it, and what is no answer alone", () => {
    const { desk, clipId } = recording();
    desk.input({ type: "clip.grew", occurredAt: desk.now, clipId, segments: handles(0, 1) });
    const { connection, inFlight } = desk.state.uplink;
    const token = inFlight.find(({ purpose }) => purpose.kind === "clip-segment")?.token ?? 0;
    const failed = { type: "broker.publish-failed" as const, occurredAt: desk.now, connection, token };
    desk.input({ ...failed, cause: "refused", detail: "", reasonCode: 0x80 });
    expect(drops(desk)).toEqual([]);
    answerText(desk, null);
    answerText(desk, "{}");
    answer(desk, "another-c1", "init", FILE_REASON.cancel);
    expect(drops(desk)).toEqual([]);
    expect(desk.state.counters["clips.answersRefused"]).toBe(2);
  });

  it("are not sent faster than it answers", () => {
    const { desk, clipId } = recording();
    for (let i = 0; i < 10; i++) grow(desk, clipId, i * 10, 10);
    expect(sent(desk)).toHaveLength(65);
  });
});
