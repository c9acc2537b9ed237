import { describe, expect, it } from "vitest";
import type { SegmentHandle } from "../../../device/ports/fragment-store.ts";
import { DoorbellOnADesk } from "./doorbell-on-a-desk.ts";

const TOPIC = "homeassistant/device/porchlight/front-door/config";
const ON = { homeAssistant: { enabled: true } };

const announcements = (desk: DoorbellOnADesk) =>
  desk.published("/config").map(({ message: { topic, payload, retain } }) => ({
    topic,
    retain,
    text: payload.kind === "text" ? payload.text : "",
  }));
const healths = (desk: DoorbellOnADesk) =>
  desk
    .published("/health")
    .map(({ message: { payload } }) => JSON.parse(payload.kind === "text" ? payload.text : ""));

function birth(desk: DoorbellOnADesk, text = "online", retain = false, topic = "homeassistant/status") {
  const { connection } = desk.state.uplink;
  desk.input({ type: "broker.message", occurredAt: desk.now, connection, topic, text, bytes: 6, retain });
}

function connected(patch: ConstructorParameters<typeof DoorbellOnADesk>[0]): DoorbellOnADesk {
  const desk = new DoorbellOnADesk(patch).start().openStore().connect();
  desk.page("press", []).page("event", []);
  return desk.saveAll().ackAll();
}

describe("Home Assistant", () => {
  it("is told nothing, and not listened to, unless it is switched on", () => {
    const desk = connected({});
    expect(announcements(desk)).toEqual([]);
    expect(desk.last("broker.connect").subscriptions).not.toContain("homeassistant/status");
    birth(desk);
    desk.wait(30_000);
    expect(announcements(desk)).toEqual([]);
    expect(desk.state.counters["inbound.unknown"]).toBe(1);
  });

  it("gets one retained announcement a connection", () => {
    const desk = connected(ON);
    expect(announcements(desk)).toMatchObject([{ topic: TOPIC, retain: true }]);
    desk.wait(60_000).ackAll();
    expect(announcements(desk)).toHaveLength(1);
    desk.drop().wait(61_000).connect().ackAll();
    desk.page("press", []).page("event", []).ackAll();
    expect(announcements(desk)).toHaveLength(2);
  });

  it("gets it again within seconds of its birth message, and then what nothing retains", () => {
    const desk = connected(ON);
    expect(desk.last("broker.connect").subscriptions).toContain("homeassistant/status");
    desk.wait(20_000).ackAll();
    desk.actions = [];
    birth(desk);
    birth(desk);
    expect(announcements(desk)).toEqual([]);
    desk.wait(10_000).ackAll();
    expect(announcements(desk)).toHaveLength(1);
    desk.wait(10_000);
    expect(healths(desk)).toMatchObject([{ camera: "off", motion: false, clock: "synced" }]);
  });

  it("leaves other words, retained births and other prefixes alone", () => {
    const desk = connected(ON);
    desk.wait(20_000).ackAll();
    desk.actions = [];
    birth(desk, "offline");
    birth(desk, "online", true);
    birth(desk, "online", false, "other/status");
    desk.wait(30_000);
    expect(announcements(desk)).toEqual([]);
  });

  it("lets not a town answer one birth in the same moment", () => {
    const waits = Array.from({ length: 20 }, (_, seed) => {
      const desk = connected(ON);
      desk.state.lifecycle.chance = [seed + 1, seed + 2, seed + 3, seed + 4];
      birth(desk);
      return (desk.state.timers["home-assistant.announce"]?.atMs ?? 0) - desk.now;
    });
    expect(new Set(waits).size).toBeGreaterThan(10);
    expect(Math.max(...waits)).toBeLessThanOrEqual(5_000);
  });

  it("is asked to remove the device at each connection where that is set, and then not to show it again", () => {
    const desk = connected({ homeAssistant: { remove: true } });
    expect(announcements(desk)).toEqual([{ topic: TOPIC, retain: true, text: "" }]);
    birth(desk);
    desk.wait(30_000).ackAll();
    expect(announcements(desk)).toHaveLength(1);
  });

  it("is asked to remove what this run had announced, when it is switched off or moves", () => {
    const desk = connected(ON);
    Object.assign(desk.state.settings.homeAssistant, { discoveryPrefix: "ha/two" });
    desk.actions = [];
    desk.drop().wait(61_000).connect().page("press", []).page("event", []).ackAll();
    expect(announcements(desk)).toMatchObject([
      { topic: TOPIC, text: "" },
      { topic: "ha/two/device/porchlight/front-door/config" },
    ]);
    Object.assign(desk.state.settings.homeAssistant, { enabled: false });
    desk.actions = [];
    desk.drop().wait(61_000).connect().page("press", []).page("event", []).ackAll();
    expect(announcements(desk)).toEqual([
      { topic: "ha/two/device/porchlight/front-door/config", retain: true, text: "" },
    ]);
  });

  it("hears at once when the camera or what moves before it changes, at most once a second", () => {
    const desk = connected({ ...ON, camera: { source: "test" } });
    desk.wait(30_000).ackAll();
    desk.actions = [];
    desk.cameraUp().ackAll();
    expect(healths(desk)).toMatchObject([{ camera: "up", motion: false }]);
    const moves = { type: "camera.motion" as const, areaPermille: 100, zones: [] };
    desk.input({ ...moves, occurredAt: desk.now, moving: true });
    desk.ackAll();
    expect(healths(desk)).toHaveLength(1);
    desk.wait(1_000).ackAll();
    expect(healths(desk).at(-1)).toMatchObject({ motion: true });
    desk.input({ ...moves, occurredAt: desk.now, moving: false });
    desk.wait(30_000).ackAll();
    expect(healths(desk).map(({ motion }) => motion)).toEqual([false, true, false]);
  });

  it("never delays a press, and does not starve behind a clip", () => {
    const desk = DoorbellOnADesk.ready({ ...ON, camera: { source: "test" } });
    desk.ackAll().cameraUp().press();
    const { clipId } = desk.last("clip.open");
    desk.ackAll();
    const segments: SegmentHandle[] = Array.from({ length: 50 }, (_, index) => ({
      ...{ index, offset: index * 3_000, bytes: 3_000, sha256: "ef".repeat(32) },
    }));
    // Room for three pieces, not for two and the announcement.
    desk.state.pacing.windowBytes = 9_600;
    desk.input({ type: "clip.grew", occurredAt: desk.now, clipId, segments });
    desk.actions = [];
    birth(desk);
    desk.wait(4_900);
    desk.state.timers["uplink.ack"] = { generation: 0, atMs: null };
    desk.wait(100);
    expect(announcements(desk)).toEqual([]);
    desk.press();
    expect(desk.published("event/press")).toHaveLength(1);
    // One piece after the other is acknowledged: the announcement goes when nothing is on its way.
    for (let i = 0; i < 8 && announcements(desk).length === 0; i++) {
      const [oldest] = desk.state.uplink.inFlight;
      desk.state.pacing.windowBytes = 9_600;
      if (oldest) desk.ack(oldest.token);
    }
    expect(announcements(desk)).toHaveLength(1);
  });

  it("tells nothing in bell-only mode", () => {
    const desk = new DoorbellOnADesk(ON).start("bell-only").openStore().connect();
    desk.page("press", []).page("event", []).ackAll();
    expect(announcements(desk)).toEqual([]);
    expect(desk.last("broker.connect").subscriptions).toEqual([]);
  });
});
