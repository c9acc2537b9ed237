import { describe, expect, it } from "vitest";
import type { ClipEnd } from "../../../device/ports/fragment-store.ts";
import { DoorbellOnADesk } from "./doorbell-on-a-desk.ts";

const withCamera = () => {
  const desk = DoorbellOnADesk.ready({ camera: { source: "test" } }).cameraUp();
  desk.actions = [];
  return desk;
};

describe("recorder", () => {
  it("opens a clip with its pre-roll and asks for the press's still", () => {
    const desk = withCamera();
    const pressedAt = desk.now;
    desk.press();
    expect(desk.last("clip.open")).toMatchObject({ fromMs: pressedAt - 4_000, eventAtMs: pressedAt });
    expect(desk.last("camera.take-still").atMs).toBe(pressedAt);
  });

  it("gets stills ready at the edge, before it is known to be a press", () => {
    const desk = withCamera();
    desk.edge(true);
    expect(desk.all("camera.prepare-still")).toHaveLength(1);
  });

  it("goes on with one clip while presses go on, up to the longest", () => {
    const desk = withCamera();
    for (let i = 0; i < 14; i++) desk.press().wait(4_900);
    expect(desk.all("clip.open").length).toBe(2);
    const [first] = desk.all("clip.close");
    const [opened] = desk.events("press");
    expect((first?.atMs ?? 0) - Number(opened?.monotonicms)).toBe(60_000 + 40);
  });

  it("closes after the post-roll and tells how it ended", () => {
    const desk = withCamera();
    desk.press().wait(6_000);
    const { clipId } = desk.last("clip.open");
    expect(desk.last("clip.close").clipId).toBe(clipId);
    closed(desk, clipId, "finished");
    expect(desk.events("clip").at(-1)?.data).toMatchObject({
      clipId,
      state: "recorded",
      end: "finished",
      preRollMs: 4_100,
    });
    expect(desk.state.recorder.clip).toBeNull();
  });

  it("marks the end as told once that event is durable", () => {
    const desk = withCamera();
    desk.press().wait(6_000);
    const { clipId } = desk.last("clip.open");
    closed(desk, clipId, "finished");
    expect(desk.all("clip.mark-announced")).toHaveLength(0);
    desk.saveAll();
    expect(desk.all("clip.mark-announced").map((action) => action.clipId)).toEqual([clipId]);
  });

  it("keeps nothing of clips whose end was delivered before it was durable", () => {
    const desk = withCamera();
    const size = () => JSON.stringify(desk.state.uploads).length;
    const before = size();
    for (let i = 0; i < 20; i++) {
      desk.press().wait(6_000);
      const { clipId } = desk.last("clip.open");
      closed(desk, clipId, "finished");
      desk.ackAll().ackAll();
    }
    expect(new Set(desk.all("clip.mark-announced").map((action) => action.clipId)).size).toBe(20);
    expect(desk.state.outbox.unsaved.filter(({ announces }) => announces)).toEqual([]);
    expect(size()).toBeLessThan(before + 20);
  });

  it("goes on in another clip when the stream begins anew in the middle", () => {
    const desk = withCamera();
    desk.press().wait(1_000);
    const { clipId } = desk.last("clip.open");
    desk.input({
      type: "camera.down",
      occurredAt: desk.now,
      fault: "none",
      reason: "end of file",
      seam: true,
    });
    closed(desk, clipId, "seam");
    desk.cameraUp();
    expect(desk.all("clip.open")).toHaveLength(2);
    expect(JSON.parse(desk.last("clip.open").initBody).user_data.continues).toBe(clipId);
  });

  it("tells why there is no clip when the camera is down, and the bell rings all the same", () => {
    const desk = withCamera();
    desk.input({ type: "camera.down", occurredAt: desk.now, fault: "world", reason: "crashed", seam: false });
    desk.actions = [];
    desk.press();
    expect(desk.all("chime.play")).toHaveLength(1);
    expect(desk.events("clip")[0]?.data).toMatchObject({ state: "failed", reason: "camera is down" });
  });

  it("publishes the still before the event that tells of it, with its true offset", () => {
    const desk = withCamera();
    const pressedAt = desk.now;
    desk.press();
    const [press] = desk.events("press");
    desk.input({
      type: "camera.still",
      occurredAt: desk.now,
      eventId: press?.id ?? "",
      widthPx: 640,
      heightPx: 360,
      bytes: 20_000,
      sha256: "ab".repeat(32),
      frameAtMs: pressedAt - 30,
    });
    desk.ackAll();
    const order = desk
      .all("broker.publish")
      .map(({ message }) => message.topic.split("/").slice(3).join("/"));
    expect(order.slice(-2)).toEqual([`snapshot/${press?.id}`, "event/snapshot"]);
    expect(desk.events("snapshot")[0]?.data.frameOffsetMs).toBe(-30);
  });

  it("tries a failed camera again at growing pauses, and tells the same fault once", () => {
    const desk = withCamera();
    for (let i = 0; i < 5; i++) {
      desk.input({
        type: "camera.down",
        occurredAt: desk.now,
        fault: "operator",
        reason: "no such file",
        seam: false,
      });
      desk.wait(61_000);
    }
    expect(desk.events("camera")).toHaveLength(1);
    expect(desk.all("camera.open")).toHaveLength(5);
  });
});

function closed(desk: DoorbellOnADesk, clipId: string, end: ClipEnd): void {
  const closing = {
    end,
    bytes: 10,
    sha256: "cd".repeat(32),
    durationMs: 10_000,
    preRollMs: 4_100,
    fragments: 10,
  };
  desk.input({ type: "clip.closed", occurredAt: desk.now, clipId, closing, segments: [] });
}
