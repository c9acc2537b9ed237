import { describe, expect, it } from "vitest";
import type { SegmentHandle } from "../../../device/ports/fragment-store.ts";
import { DoorbellOnADesk } from "./doorbell-on-a-desk.ts";

const SEGMENT = 65_536;
const handles = (from: number, count: number): SegmentHandle[] =>
  Array.from({ length: count }, (_, i) => ({
    index: from + i,
    offset: (from + i) * SEGMENT,
    bytes: SEGMENT,
    sha256: "ef".repeat(32),
  }));

function recording() {
  const window = 262_144;
  const desk = DoorbellOnADesk.ready({ camera: { source: "test" }, uplink: { windowBytes: window } });
  desk.state.pacing.windowBytes = window;
  desk.cameraUp().press();
  const { clipId } = desk.last("clip.open");
  desk.ackAll();
  desk.actions = [];
  return { desk, clipId };
}

const sent = (desk: DoorbellOnADesk) =>
  desk.published("/clip/").map(({ message }) => message.topic.split("/").slice(5)[0]);

describe("uploads", () => {
  it("sends init, segments while the clip is being recorded, and fin", () => {
    const { desk, clipId } = recording();
    desk.input({ type: "clip.grew", occurredAt: desk.now, clipId, segments: handles(0, 2) });
    expect(sent(desk)).toEqual(["init", "0", String(SEGMENT)]);
    close(desk, clipId, handles(2, 1));
    expect(sent(desk).at(-1)).toBe("fin");
    desk.ackAll();
    expect(desk.all("clip.mark-uploaded").map((action) => action.clipId)).toEqual([clipId]);
  });

  it("goes on after the last acknowledged segment on the next connection, with the same init", () => {
    const { desk, clipId } = recording();
    desk.input({ type: "clip.grew", occurredAt: desk.now, clipId, segments: handles(0, 3) });
    const [first] = desk.published("/init");
    desk.ackAll();
    desk.input({ type: "clip.grew", occurredAt: desk.now, clipId, segments: handles(3, 1) });
    desk.drop();
    desk.actions = [];
    desk.wait(61_000).connect();
    desk.state.pacing.windowBytes = 262_144;
    desk.ackAll();
    expect(desk.published("/init")[0]?.message).toEqual(first?.message);
    expect(desk.last("clip.list-segments")).toMatchObject({ clipId, fromIndex: 3 });
    desk.input({
      type: "clip.segments",
      occurredAt: desk.now,
      clipId,
      fromIndex: 3,
      segments: handles(3, 1),
      gone: false,
    });
    expect(sent(desk)).toEqual(["init", String(3 * SEGMENT)]);
  });

  it("begins a clip anew on another broker, which has seen nothing of it", () => {
    const urls = ["mqtt://127.0.0.1:1", "mqtt://127.0.0.1:2"];
    const desk = DoorbellOnADesk.ready({ camera: { source: "test" }, broker: { urls } });
    desk.state.pacing.windowBytes = 262_144;
    desk.cameraUp().press();
    const { clipId } = desk.last("clip.open");
    desk.ackAll();
    desk.input({ type: "clip.grew", occurredAt: desk.now, clipId, segments: handles(0, 3) });
    desk.ackAll();
    desk.state.uplink.provedGood = false;
    desk.drop();
    desk.actions = [];
    desk.wait(500).connect();
    expect(desk.last("clip.list-segments")).toMatchObject({ clipId, fromIndex: 0 });
  });

  it("leaves a clip that was closed during an outage to its store, and fetches it from there", () => {
    const { desk, clipId } = recording();
    desk.drop();
    close(desk, clipId, handles(0, 2));
    expect(desk.state.uploads.active).toHaveLength(0);
    desk.wait(61_000).connect();
    expect(desk.all("clip.list-pending").length).toBeGreaterThan(0);
  });

  it("tells the end of a clip that a crash cut short, once, also before there is a broker", () => {
    const desk = new DoorbellOnADesk().start().openStore();
    const pending = {
      clipId: "00000000000000bb-c1",
      eventId: "00000000000000bb-p1",
      initBody: "{}",
      recordedBytes: 100,
      segments: 1,
      closed: {
        end: "interrupted" as const,
        bytes: 100,
        sha256: "ab".repeat(32),
        durationMs: 3_000,
        preRollMs: 2_000,
        fragments: 3,
      },
      ackedSegments: 0,
      announced: false,
    };
    expect(desk.all("clip.list-pending")).toHaveLength(1);
    for (let i = 0; i < 2; i++)
      desk.input({ type: "clip.pending", occurredAt: desk.now, clips: [pending], total: 1 });
    expect(desk.events("clip").map(({ data }) => `${data.state} ${data.end}`)).toEqual([
      "recorded interrupted",
    ]);
  });

  it("gives up a clip whose file is gone, and tells it", () => {
    const { desk, clipId } = recording();
    desk.input({ type: "clip.grew", occurredAt: desk.now, clipId, segments: handles(0, 1) });
    const token =
      desk.state.uplink.inFlight.find(({ purpose }) => purpose.kind === "clip-segment")?.token ?? 0;
    const connection = desk.state.uplink.connection;
    desk.input({
      type: "broker.publish-failed",
      occurredAt: desk.now,
      connection,
      token,
      cause: "gone",
      detail: "",
    });
    expect(desk.events("clip").at(-1)?.data).toMatchObject({ state: "dropped", clipId });
    expect(desk.published("/abort")).toHaveLength(1);
  });
});

function close(desk: DoorbellOnADesk, clipId: string, segments: SegmentHandle[]): void {
  const closing = {
    end: "finished" as const,
    bytes: 3 * SEGMENT,
    sha256: "cd".repeat(32),
    durationMs: 10_000,
    preRollMs: 4_000,
    fragments: 10,
  };
  desk.input({ type: "clip.closed", occurredAt: desk.now, clipId, closing, segments });
}
