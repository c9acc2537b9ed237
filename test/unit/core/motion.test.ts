import { describe, expect, it } from "vitest";
import { DoorbellOnADesk } from "./doorbell-on-a-desk.ts";

function moves(desk: DoorbellOnADesk, moving: boolean, zones: number[] = []): void {
  const areaPermille = moving ? 12 : 0;
  desk.input({ type: "camera.motion", occurredAt: desk.now, moving, areaPermille, zones });
}

function ready(motion: object = {}): DoorbellOnADesk {
  return DoorbellOnADesk.ready({ camera: { source: "test" }, motion }).cameraUp();
}

describe("motion", () => {
  it("is told at its start and at its end, once nothing has moved for a while", () => {
    const desk = ready();
    const startedAt = desk.now;
    moves(desk, true, [0]);
    desk.wait(3_000);
    moves(desk, false);
    desk.wait(2_000);
    moves(desk, true, [2]);
    desk.wait(1_000);
    moves(desk, false);
    const restedAt = desk.now;
    desk.wait(4_999);
    expect(desk.events("motion")).toHaveLength(1);
    desk.wait(1);
    const [start, end] = desk.events("motion");
    expect(start?.data).toMatchObject({ state: "start", areaPermille: 12, zones: [0], reason: "" });
    expect(end?.data).toMatchObject({ state: "end", startId: start?.id, zones: [0, 2], reason: "still" });
    expect(end?.data.durationMs).toBe(restedAt - startedAt);
  });

  it("ends with the camera, and goes on over the seam of a file", () => {
    const desk = ready();
    moves(desk, true);
    const down = { type: "camera.down", occurredAt: desk.now, reason: "x" } as const;
    desk.input({ ...down, fault: "none", seam: true });
    moves(desk, true);
    desk.wait(10_000);
    expect(desk.events("motion")).toHaveLength(1);
    desk.input({ ...down, occurredAt: desk.now, fault: "world", seam: false });
    expect(desk.events("motion").at(-1)?.data).toMatchObject({ state: "end", reason: "camera-lost" });
  });

  it("is not told when nobody asked for it, and records only when the owner wants that", () => {
    const silent = ready({ watch: false });
    moves(silent, true);
    expect(silent.events("motion")).toHaveLength(0);
    const desk = ready();
    moves(desk, true);
    expect(desk.all("clip.open")).toHaveLength(0);
    expect(desk.all("camera.take-still")).toHaveLength(0);
  });

  it("records with its pre-roll while it lasts, up to the longest clip, and says what began it", () => {
    const desk = ready({ recordClip: true });
    moves(desk, true);
    const { clipId, eventId, initBody, fromMs } = desk.last("clip.open");
    expect(fromMs).toBe(desk.now - desk.state.settings.clip.preRollMs);
    expect(eventId).toBe(desk.events("motion")[0]?.id);
    expect(JSON.parse(initBody).user_data.trigger).toBe("motion");
    expect(desk.last("camera.take-still").eventId).toBe(eventId);
    desk.input({ type: "clip.opened", occurredAt: desk.now, clipId, preRollMs: 4_000 });
    desk.wait(59_000);
    expect(desk.all("clip.close")).toHaveLength(0);
    desk.wait(1_500);
    expect(desk.all("clip.close")).toHaveLength(1);
  });

  it("lets a press go on with the clip that motion has begun", () => {
    const desk = ready({ recordClip: true });
    moves(desk, true);
    desk.wait(1_000);
    moves(desk, false);
    desk.press();
    expect(desk.all("clip.open")).toHaveLength(1);
    expect(desk.all("camera.take-still")).toHaveLength(2);
    desk.wait(5_800);
    expect(desk.all("clip.close")).toHaveLength(0);
    desk.wait(400);
    expect(desk.all("clip.close")).toHaveLength(1);
  });
});
