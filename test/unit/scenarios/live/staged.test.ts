import { expect, test } from "vitest";
import type { Camera, CameraInput } from "../../../../device/ports/camera.ts";
import type { ClockChanged } from "../../../../device/ports/clock.ts";
import type { Store, StoreInput } from "../../../../device/ports/store.ts";
import type { ClockAtStart } from "../../../../simulator/scenarios/live/orders.ts";
import { StagedCamera } from "../../../../simulator/scenarios/live/staged-camera.ts";
import { StagedClock } from "../../../../simulator/scenarios/live/staged-clock.ts";
import { TroubledStore } from "../../../../simulator/scenarios/live/troubled-store.ts";
import { PoweredTime } from "../../../../simulator/world/device-time.ts";
import { World } from "../../../../simulator/world/world.ts";

const MOTION = { forMs: 3_000, areaPermille: 200, zones: [1] };

function cameraSetup() {
  const world = new World(1);
  let post: (input: CameraInput) => void = () => undefined;
  const asked: string[] = [];
  const inner: Camera = {
    start: (to) => {
      post = to;
    },
    open: () => undefined,
    close: () => undefined,
    prepareStill: () => undefined,
    takeStill: ({ eventId }) => void asked.push(eventId),
    stop: async () => undefined,
  };
  const up: boolean[] = [];
  const reasons: string[] = [];
  const camera = new StagedCamera(inner, new PoweredTime(world), (isUp) => up.push(isUp));
  const posted: string[] = [];
  camera.start((input) => {
    if (input.type === "camera.down") reasons.push(input.reason);
    const what = "eventId" in input ? ` ${input.eventId}` : "";
    posted.push(
      input.type === "camera.motion" ? `${input.moving} ${input.areaPermille}` : `${input.type}${what}`,
    );
  });
  const inWorld = {
    up: () =>
      post({
        ...{ type: "camera.up", occurredAt: 0, source: "test", codec: "avc1", widthPx: 2, heightPx: 2 },
        ...{ video: "encode", soundCodec: "" },
      }),
    down: () => post({ type: "camera.down", occurredAt: 0, fault: "world", reason: "x", seam: false }),
    moves: () => post({ type: "camera.motion", occurredAt: 0, moving: true, areaPermille: 9, zones: [] }),
    still: (eventId: string) =>
      post({
        ...{ type: "camera.still", occurredAt: 0, eventId, widthPx: 1, heightPx: 1, bytes: 1 },
        ...{ sha256: "", frameAtMs: 0 },
      }),
    lightens: () => post({ type: "camera.recalibrated", occurredAt: 0 }),
  };
  return { world, camera, posted, reasons, asked, up, inWorld };
}

test("camera: what a story moves is seen while pictures arrive, and what the real camera sees is not", () => {
  const { world, camera, posted, up, inWorld } = cameraSetup();
  camera.move(MOTION);
  inWorld.up();
  inWorld.moves();
  inWorld.lightens();
  camera.move(MOTION);
  world.runUntil(2_000);
  camera.move({ ...MOTION, areaPermille: 300 });
  world.runUntil(4_000);
  expect(posted).toEqual(["camera.up", "true 200", "true 300"]);
  world.runUntil(6_000);
  expect(posted.at(-1)).toBe("false 0");
  expect(up).toEqual([true]);
});

test("camera: a motion is over when the camera is lost or blind, without a word of its end", () => {
  const { world, camera, posted, up, inWorld } = cameraSetup();
  inWorld.up();
  camera.move(MOTION);
  inWorld.down();
  inWorld.up();
  camera.blind(true);
  camera.move(MOTION);
  camera.blind(false);
  camera.move(MOTION);
  camera.blind(true);
  world.runUntil(20_000);
  expect(posted).toEqual(["camera.up", "true 200", "camera.down", "camera.up", "true 200"]);
  expect(up).toEqual([true, false, true]);
});

test("camera: one that was pulled out says another thing when it is opened than when it was lost", () => {
  const { camera, reasons, inWorld } = cameraSetup();
  inWorld.up();
  camera.isBroken = true;
  inWorld.down();
  inWorld.down();
  camera.isBroken = false;
  inWorld.down();
  expect(reasons).toEqual(["x", "staged: there is no camera", "x"]);
});

test("camera: previews fail, come late, or never", () => {
  const { world, camera, posted, asked, inWorld } = cameraSetup();
  const take = (eventId: string) => camera.takeStill({ eventId, atMs: 0, maxBytes: 1 });
  camera.stills = "never";
  take("a");
  camera.stills = "failed";
  take("b");
  world.runUntil(1_000);
  camera.stills = "late";
  take("c");
  inWorld.still("c");
  world.runUntil(20_000);
  expect(posted).toEqual(["camera.still-failed b"]);
  world.runUntil(21_001);
  camera.stills = "taken";
  take("d");
  inWorld.still("d");
  expect(posted).toEqual(["camera.still-failed b", "camera.still c", "camera.still d"]);
  expect(asked).toEqual(["c", "d"]);
});

test("clock: somebody sets it, and a time server puts it right or wrong; each is told", () => {
  const told: ClockAtStart[] = [];
  const posted: ClockChanged[] = [];
  let moved: (input: ClockChanged) => void = () => undefined;
  const inner = {
    monotonicMs: () => 5,
    read: () => ({ monotonicMs: 5, utcMs: 1_000_000, trust: "synced" as const }),
    start: (post: (input: ClockChanged) => void) => {
      moved = post;
    },
    stop: () => undefined,
  };
  const clock = new StagedClock(inner, { offsetMs: -600_000, trust: "estimated" }, (now) => told.push(now));
  clock.start((input) => posted.push(input));
  expect(clock.read()).toEqual({ monotonicMs: 5, utcMs: 400_000, trust: "estimated" });
  clock.set({ stepMs: 50_000 });
  clock.set({ errorMs: 7 });
  clock.set({ errorMs: 0 });
  expect(posted.map(({ utcMs, trust }) => [utcMs, trust])).toEqual([
    [450_000, "estimated"],
    [1_000_007, "synced"],
    [1_000_000, "synced"],
  ]);
  expect(told.map(({ offsetMs }) => offsetMs)).toEqual([-550_000, 7, 0]);
  // The machine's own clock was moved: what the device reads then is still what the story says.
  clock.set({ stepMs: 11 });
  moved({ type: "clock.changed", occurredAt: 5, utcMs: 1, trust: "synced" });
  expect(posted.at(-1)).toMatchObject({ utcMs: 1_000_011, trust: "estimated" });
});

function storeSetup() {
  const world = new World(1);
  const reached: string[] = [];
  let post: (input: StoreInput) => void = () => undefined;
  const inner: Store = {
    start: (to) => {
      post = to;
    },
    open: () => reached.push("open"),
    append: ({ sequence }) => {
      reached.push(`append ${sequence}`);
      post({ type: "store.appended", occurredAt: 0, lane: "press", sequence, bytes: 1 });
    },
    settle: () => reached.push("settle"),
    drop: () => reached.push("drop"),
    setAsideTold: () => reached.push("set-aside-told"),
    page: () => reached.push("page"),
    stop: async () => void reached.push("stop"),
  };
  const store = new TroubledStore(inner, new PoweredTime(world));
  const answers: string[] = [];
  store.start((input) => answers.push("fault" in input ? `${input.type} ${input.fault}` : input.type));
  const append = (sequence: number) =>
    store.append({
      ...{ lane: "press", epoch: "e", sequence, id: `${sequence}`, eventType: "press", body: "{}" },
      ...{ occurredMonotonicMs: 0, occurredUtcMs: 0, trust: "synced", stillOf: null },
    });
  return { world, store, reached, answers, append };
}

test("store: read-only refuses what writes, and reads; a failing one refuses everything; neither reaches the disk", () => {
  const { world, store, reached, answers, append } = storeSetup();
  append(1);
  store.set("read-only", 0);
  store.open("e", 0);
  append(2);
  store.settle([]);
  store.drop([]);
  store.setAsideTold();
  store.page("press", null, 1);
  expect(answers, "no answer before the call has returned").toEqual(["store.appended"]);
  world.runUntil(10);
  store.set("io", 0);
  store.page("press", null, 1);
  append(3);
  world.runUntil(20);
  expect(answers).toEqual([
    "store.appended",
    "store.unavailable read-only",
    "store.append-failed read-only",
    "store.failed read-only",
    "store.failed read-only",
    "store.failed read-only",
    "store.failed io",
    "store.append-failed io",
  ]);
  store.set(null, 0);
  append(4);
  expect(reached).toEqual(["append 1", "page", "append 4"]);
});

test("store: a slow one does everything later, in the order of the calls, and is waited for at the end", async () => {
  const { world, store, reached, append } = storeSetup();
  store.set(null, 800);
  append(1);
  world.runUntil(700);
  store.set(null, 0);
  append(2);
  store.page("press", null, 1);
  expect(reached).toEqual([]);
  const stopped = store.stop();
  world.runUntil(900);
  await stopped;
  expect(reached).toEqual(["append 1", "append 2", "page", "stop"]);
});
