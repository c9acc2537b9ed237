import { describe, expect, it } from "vitest";
import type { CameraInput } from "../../../device/ports/camera.ts";
import type { FragmentPair } from "../../../device/ports/fragment-store.ts";
import { SimulatedCamera, wellCamera } from "../../../simulator/hardware/camera.ts";
import { PoweredTime } from "../../../simulator/world/device-time.ts";
import { World } from "../../../simulator/world/world.ts";

function begin() {
  const world = new World(1);
  const pairs: FragmentPair[] = [];
  const calls: string[] = [];
  const inputs: CameraInput[] = [];
  const condition = wellCamera();
  const sink = {
    init: () => calls.push("init"),
    pair: (pair: FragmentPair) => pairs.push(pair),
    end: () => calls.push("end"),
    still: (eventId: string) => calls.push(`still ${eventId}`),
  };
  const camera = new SimulatedCamera(new PoweredTime(world), sink, world.chance, {
    condition,
    stallMs: 5_000,
  });
  camera.start((input) => inputs.push(input));
  return { world, camera, pairs, calls, inputs, condition };
}

describe("a simulated camera", () => {
  it("posts nothing and writes nothing between clips, and hands over the recent past when somebody looks", () => {
    const { world, camera, pairs, inputs } = begin();
    camera.open();
    world.runUntil(3_600_000);
    expect(inputs.map(({ type }) => type)).toEqual(["camera.up"]);
    expect(pairs).toEqual([]);
    camera.catchUp();
    expect(pairs[0]?.keyframe).toBe(true);
    const [first, last] = [pairs[0], pairs.at(-1)];
    expect(first?.capturedAtMs).toBeGreaterThan(3_600_000 - 42_000);
    expect((last?.capturedAtMs ?? 0) + (last?.durationMs ?? 0)).toBeGreaterThan(3_600_000 - 1_000);
    for (const [at, pair] of pairs.entries()) {
      const next = pairs[at + 1];
      if (next) expect(next.capturedAtMs).toBe(pair.capturedAtMs + pair.durationMs);
    }
  });

  it("writes as it captures while it is followed", () => {
    const { world, camera, pairs } = begin();
    camera.open();
    camera.follow(true);
    world.runUntil(10_000);
    const followed = pairs.length;
    expect(followed).toBeGreaterThanOrEqual(14);
    camera.follow(false);
    world.runUntil(20_000);
    expect(pairs.length).toBeLessThanOrEqual(followed + 1);
  });

  it("goes down at once when it fails, after its patience when it stalls, and not up while it is broken", () => {
    const { world, camera, calls, inputs, condition } = begin();
    camera.open();
    world.runUntil(5_000);
    camera.fail("broken lens");
    expect(inputs.at(-1)).toMatchObject({ type: "camera.down", fault: "world", reason: "broken lens" });
    condition.broken = true;
    camera.open();
    world.runUntil(10_000);
    expect(inputs.at(-1)).toMatchObject({ type: "camera.down", fault: "world" });
    condition.broken = false;
    camera.open();
    world.runUntil(15_000);
    expect(inputs.at(-1)?.type).toBe("camera.up");
    camera.stall();
    world.runUntil(19_999);
    expect(inputs.at(-1)?.type).toBe("camera.up");
    world.runUntil(20_000);
    expect(inputs.at(-1)).toMatchObject({ type: "camera.down", fault: "world" });
    expect(calls).toEqual(["init", "end", "init", "end"]);
  });

  it("takes a still when it sees something, and says so when it does not", () => {
    const { world, camera, calls, inputs } = begin();
    const request = { eventId: "e1", atMs: 0, maxBytes: 9_000 };
    camera.takeStill(request);
    world.runUntil(300);
    expect(inputs.at(-1)).toMatchObject({ type: "camera.still-failed", eventId: "e1" });
    camera.open();
    world.runUntil(5_000);
    camera.takeStill({ ...request, atMs: 4_990 });
    world.runUntil(5_300);
    const still = inputs.at(-1);
    expect(
      still?.type === "camera.still" && Math.abs(still.frameAtMs - 4_990) <= 60 && still.bytes <= 9_000,
    ).toBe(true);
    expect(calls).toContain("still e1");
  });

  it("sees what moves until it rests, as one thing while it overlaps, and nothing without pictures", () => {
    const { world, camera, inputs, condition } = begin();
    const movement = { areaPermille: 40, zones: [1], forMs: 2_000 };
    const seen = () => inputs.filter((input) => input.type === "camera.motion");
    expect(camera.move(movement)).toBe(false);
    camera.open();
    world.runUntil(10_000);
    expect(camera.move(movement)).toBe(true);
    world.runUntil(11_000);
    camera.move(movement);
    world.runUntil(20_000);
    expect(seen().map(({ occurredAt, moving }) => [occurredAt, moving])).toEqual([
      [10_000, true],
      [11_000, true],
      [13_000, false],
    ]);
    camera.move(movement);
    condition.stalled = true;
    camera.stall();
    expect(camera.move(movement)).toBe(false);
    world.runUntil(60_000);
    expect(seen()).toHaveLength(4);
    expect(inputs.at(-1)?.type).toBe("camera.down");
  });

  it("changes its pictures at a seam, garbles them, withholds keyframes and stills, as its condition says", () => {
    const { world, camera, pairs, calls, inputs, condition } = begin();
    const effects: string[] = [];
    condition.onEffect = (effect) => effects.push(effect);
    camera.fail("nobody looks through it yet");
    expect(inputs).toEqual([]);
    camera.open();
    world.runUntil(5_000);
    condition.widthPx = 640;
    camera.changePictures();
    expect(inputs.at(-1)).toMatchObject({ type: "camera.down", fault: "none", seam: true });
    expect(calls).toEqual(["init"]);
    camera.open();
    world.runUntil(10_000);
    expect(inputs.at(-1)).toMatchObject({ type: "camera.up", widthPx: 640 });
    pairs.length = 0;
    condition.keyframeless = true;
    world.runUntil(30_000);
    camera.catchUp();
    expect(pairs.filter(({ keyframe }) => keyframe)).toHaveLength(1);
    condition.stills = "never";
    camera.takeStill({ eventId: "e1", atMs: 29_000, maxBytes: 9_000 });
    condition.stills = "late";
    camera.takeStill({ eventId: "e2", atMs: 29_000, maxBytes: 9_000 });
    world.runUntil(60_000);
    expect(inputs.filter((input) => "eventId" in input)).toMatchObject([
      { eventId: "e2", type: "camera.still" },
    ]);
    expect(new Set(effects)).toEqual(new Set(["keyframe-withheld", "still-withheld"]));
    condition.garbled = true;
    camera.fail("once");
    camera.open();
    world.runUntil(70_000);
    expect(inputs.at(-1)).toMatchObject({ type: "camera.down", fault: "world" });
  });
});
