import { expect, test } from "vitest";
import { defaultSettings } from "../../../agent/contract/setting-list.ts";
import type { AgentInput } from "../../../agent/core/inputs.ts";
import { initialState } from "../../../agent/core/state.ts";
import { step } from "../../../agent/core/step.ts";
import type { Fact } from "../../../simulator/live/happenings.ts";
import { stepFacts } from "../../../simulator/live/step-facts.ts";

/** The real core, with the test as its world. */
function doorbell() {
  const settings = defaultSettings();
  settings.camera.source = "test";
  const state = initialState(settings);
  const take = (input: AgentInput): Fact[] => {
    const taken = { ...input, now: input.occurredAt };
    return stepFacts(taken, step(state, taken), state);
  };
  const epoch = "0123456789abcdef";
  const run = { mode: "normal", version: "0.1.0", trust: "synced" } as const;
  take({ type: "agent.started", occurredAt: 0, epoch, seed: 1, utcMs: 1_800_000_000_000, ...run });
  const totals = { press: { rows: 0, bytes: 0 }, event: { rows: 0, bytes: 0 } };
  const connecting = take({ type: "store.opened", occurredAt: 10, epochNumber: 1, previous: null, totals });
  const connected = take({ type: "broker.connected", occurredAt: 20, connection: 1, protocol: "5" });
  const picture = { codec: "avc1", widthPx: 1_280, heightPx: 720, video: "encode", soundCodec: "" } as const;
  take({ type: "camera.up", occurredAt: 30, source: "test", ...picture });
  return { state, take, connecting, connected };
}

test("the uplink is told as it is tried and as it stands, with what waits", () => {
  const { connecting, connected } = doorbell();
  const url = "mqtt://127.0.0.1:1883";
  expect(connecting).toContainEqual({ what: "uplink", phase: "connecting", url, protocol: "", detail: "" });
  expect(connected).toContainEqual({ what: "uplink", phase: "connected", url, protocol: "5", detail: "" });
  expect(connected).toContainEqual({ what: "queues", inFlight: 1, outboxRows: 1, store: "durable" });
});

test("a clip from the press on: its end in sight, what is recorded and what is sent of it", () => {
  const { state, take } = doorbell();
  expect(take({ type: "button.edge", occurredAt: 10_000, pressed: true })).toContainEqual({
    what: "button",
    down: true,
  });
  const { generation = 0 } = state.timers["button.hold"] ?? {};
  const rung = take({ type: "timer.fired", occurredAt: 10_040, key: "button.hold", generation });
  const clipId = "0123456789abcdef-c1";
  expect(rung).toContainEqual({ what: "clip-extended", clipId, endsAtMs: 16_040 });
  expect(take({ type: "clip.opened", occurredAt: 10_050, clipId, preRollMs: 4_200 })).toContainEqual({
    what: "clip-recording",
    clipId,
    eventId: "0123456789abcdef-p1",
    preRollMs: 4_200,
    endsAtMs: 16_040,
  });
  const sha256 = "ab".repeat(32);
  const segments = [
    { index: 0, offset: 0, bytes: 65_536, sha256 },
    { index: 1, offset: 65_536, bytes: 1_000, sha256 },
  ];
  state.pacing.windowBytes = 262_144;
  const grown = take({ type: "clip.grew", occurredAt: 10_060, clipId, segments });
  expect(grown).toContainEqual({ what: "clip-grew", clipId, recordedBytes: 66_536 });
  expect(grown).toContainEqual({ what: "clip-sent", clipId, sentBytes: 65_536 });
});

test("the seam of a file is no loss of the camera", () => {
  const { take } = doorbell();
  const end = { type: "camera.down", occurredAt: 60_000, fault: "world", reason: "it is over" } as const;
  expect(take({ ...end, seam: true }).map(({ what }) => what)).not.toContain("camera-down");
  expect(take({ ...end, seam: false })).toContainEqual({
    what: "camera-down",
    fault: "world",
    reason: "it is over",
  });
});
