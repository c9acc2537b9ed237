import { describe, expect, it } from "vitest";
import { linkAcknowledged } from "../../../agent/core/pacing.ts";
import type { SegmentHandle } from "../../../device/ports/fragment-store.ts";
import { DoorbellOnADesk } from "./doorbell-on-a-desk.ts";
import { SlowLink } from "./slow-link.ts";

const KILOBIT = 125;
const SEGMENT = 65_536;

/** A doorbell that has a long clip to send, and rings now and then. */
function uploading(link: { bytesPerS: number; roundTripMs: number }, uplink: object = {}) {
  const desk = DoorbellOnADesk.ready({ camera: { source: "test" }, uplink });
  desk.cameraUp().press();
  desk.ackAll();
  const { clipId } = desk.last("clip.open");
  const segments: SegmentHandle[] = Array.from({ length: 200 }, (_, index) => ({
    index,
    offset: index * SEGMENT,
    bytes: SEGMENT,
    sha256: "ef".repeat(32),
  }));
  desk.actions = [];
  // On a real link the status, which is small, has been acknowledged first.
  desk.state.pacing.quickestMs = link.roundTripMs + Math.ceil(400_000 / link.bytesPerS);
  const slow = new SlowLink(desk, link);
  desk.input({ type: "clip.grew", occurredAt: desk.now, clipId, segments });
  return { desk, slow };
}

/** Rings now and then beside the clip. Answers the longest way of a press to the broker, after its hold. */
function longestWaitMs(desk: DoorbellOnADesk, slow: SlowLink): number {
  const waited: number[] = [];
  for (let i = 0; i < 20; i++) {
    slow.run(700 + i * 37);
    const atMs = desk.now;
    desk.press(60);
    slow.run(1_000);
    const arrivedAtMs = slow.pressesAt.at(-1) ?? Number.POSITIVE_INFINITY;
    waited.push(arrivedAtMs - atMs - desk.state.settings.button.holdMs);
  }
  return Math.max(...waited);
}

describe("pacing", () => {
  it.each([256, 512, 1_000, 4_000])("lets a press wait at most 250 ms behind a clip at %i kbit/s", (kbit) => {
    const { desk, slow } = uploading({ bytesPerS: kbit * KILOBIT, roundTripMs: 20 });
    expect(longestWaitMs(desk, slow)).toBeLessThanOrEqual(250 + 20);
    expect(slow.carriedBytes / slow.elapsedMs).toBeGreaterThan((0.6 * kbit * KILOBIT) / 1_000);
  });

  it("takes what is on its way back for carried: a long way that trembles is no quick link (seed 233)", () => {
    const { desk, slow } = uploading({ bytesPerS: 1_000 * KILOBIT, roundTripMs: 110 });
    slow.tremblesMs = 26;
    expect(longestWaitMs(desk, slow)).toBeLessThanOrEqual(250 + 55);
    expect(slow.carriedBytes / slow.elapsedMs).toBeGreaterThan((0.4 * 1_000 * KILOBIT) / 1_000);
  });

  it("is not led astray by an acknowledgement that was lucky: little in no time is no rate (seed 15154)", () => {
    const { desk } = uploading({ bytesPerS: 370 * KILOBIT, roundTripMs: 16 });
    const seen = [{ atMs: desk.now, bytesPerS: 47_000 }];
    desk.state.pacing = { ...desk.state.pacing, seen, bytesPerS: 47_000, quickestMs: 60 };
    const done = {
      ...{ token: 1, bytes: 1_225, sentAtMs: desk.now - 66, aheadSinceMs: desk.now - 66 },
      ...{ behindOthers: true, purpose: { kind: "health" } as const },
    };
    const turn = { state: desk.state, now: desk.now, actions: [] };
    linkAcknowledged(turn, { ...done, aheadBytes: 4_096 });
    expect(desk.state.pacing.bytesPerS).toBe(47_000);
    linkAcknowledged(turn, { ...done, aheadBytes: 8_192, aheadSinceMs: desk.now - 160 });
    expect(desk.state.pacing.bytesPerS).toBe(53_720);
  });

  it("takes the first on a connection for as slow as it was: it may be the quickest itself (seed 22819)", () => {
    const { desk } = uploading({ bytesPerS: 620 * KILOBIT, roundTripMs: 20 });
    desk.state.pacing.quickestMs = 39;
    const purpose = { kind: "health" } as const;
    linkAcknowledged(
      { state: desk.state, now: desk.now, actions: [] },
      {
        ...{ token: 1, bytes: 4_560, aheadBytes: 4_560, behindOthers: false, purpose },
        ...{ sentAtMs: desk.now - 39, aheadSinceMs: desk.now - 39 },
      },
    );
    expect(desk.state.pacing.bytesPerS).toBe(116_923);
  });

  it("compares with the quickest only what had more to carry (seed 26337)", () => {
    const { desk } = uploading({ bytesPerS: 256 * KILOBIT, roundTripMs: 100 });
    desk.state.pacing = { ...desk.state.pacing, quickestMs: 220, quickestBytes: 4_281 };
    const turn = { state: desk.state, now: desk.now, actions: [] };
    const done = { token: 1, bytes: 4_281, behindOthers: false, purpose: { kind: "health" } as const };
    const ago = (ms: number) => ({ sentAtMs: desk.now - ms, aheadSinceMs: desk.now - ms });
    linkAcknowledged(turn, { ...done, ...ago(221), aheadBytes: 4_281 });
    expect(desk.state.pacing.bytesPerS).toBe(19_371);
    linkAcknowledged(turn, { ...done, ...ago(340), aheadBytes: 8_562 });
    expect(desk.state.pacing.bytesPerS).toBe(71_350);
  });

  it("lets it wait seconds when the window is as good as open", () => {
    const { desk, slow } = uploading({ bytesPerS: 1_000 * KILOBIT, roundTripMs: 20 }, { windowMs: 10_000 });
    slow.run(20_000);
    const atMs = desk.now;
    desk.press(60);
    slow.run(20_000);
    expect((slow.pressesAt.at(-1) ?? 0) - atMs).toBeGreaterThan(1_000);
  });

  it("fills a fast link with a long way", () => {
    const { slow } = uploading({ bytesPerS: 20_000 * KILOBIT, roundTripMs: 80 });
    slow.run(3_000);
    slow.carriedBytes = 0;
    slow.run(1_000);
    expect(slow.carriedBytes).toBeGreaterThan(0.5 * 20_000 * KILOBIT);
  });

  it("takes a link that trembles for what it carries", () => {
    const { slow } = uploading({ bytesPerS: 4_000 * KILOBIT, roundTripMs: 100 });
    slow.tremblesMs = 500;
    slow.run(10_000);
    slow.carriedBytes = 0;
    slow.run(10_000);
    expect(slow.carriedBytes / 10).toBeGreaterThan(40_000);
  });

  it("follows a link that becomes slower", () => {
    const { desk, slow } = uploading({ bytesPerS: 8_000 * KILOBIT, roundTripMs: 20 });
    slow.run(3_000);
    slow.bytesPerS = 500 * KILOBIT;
    slow.run(8_000);
    const window = desk.state.pacing.windowBytes;
    expect(window).toBeLessThanOrEqual((500 * KILOBIT * desk.state.settings.uplink.windowMs) / 1_000);
  });

  it("asks for a preview that the slowest link carries in time where nothing is known of the link", () => {
    const desk = DoorbellOnADesk.ready({ camera: { source: "test" } })
      .cameraUp()
      .press();
    const { windowMs } = desk.state.settings.uplink;
    expect(desk.last("camera.take-still").maxBytes).toBe((256 * KILOBIT * windowMs) / 1_000);
  });

  it("asks for a smaller preview on a link that was seen to be slow", () => {
    const { desk, slow } = uploading({ bytesPerS: 256 * KILOBIT, roundTripMs: 20 });
    slow.run(5_000);
    desk.press(60);
    const { maxBytes } = desk.last("camera.take-still");
    expect(maxBytes).toBeLessThan(9_000);
    expect(maxBytes).toBeGreaterThanOrEqual(4_000);
  });

  it("lets a snapshot go before the rest of a clip", () => {
    const { desk, slow } = uploading({ bytesPerS: 1_000 * KILOBIT, roundTripMs: 20 });
    slow.run(3_000);
    desk.press(60);
    const { eventId } = desk.last("camera.take-still");
    slow.run(100);
    const atMs = desk.now;
    desk.input({
      ...{ type: "camera.still", occurredAt: desk.now, eventId, widthPx: 640, heightPx: 360 },
      ...{ bytes: 20_000, sha256: "ab".repeat(32), frameAtMs: desk.now },
    });
    slow.run(1_000);
    expect((slow.arrived.find(({ topic }) => topic.includes("/snapshot/"))?.atMs ?? 0) - atMs).toBeLessThan(
      450,
    );
  });
});
