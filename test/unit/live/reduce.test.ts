import { expect, test } from "vitest";
import { at, clipWhole, emptyModel, modelAfter, pressEvent } from "./happening.ts";

const clipId = "0123456789abcdef-c1";

test("a clip goes from recording through sent and received to whole", () => {
  const recording = modelAfter(
    at(10_000, { what: "clip-recording", clipId, eventId: "e", preRollMs: 4_500, endsAtMs: 16_000 }),
    at(10_010, { what: "clip-grew", clipId, recordedBytes: 900 }),
    at(10_020, { what: "clip-sent", clipId, sentBytes: 600 }),
    at(10_030, { what: "clip-received", clipId, receivedBytes: 300 }),
  );
  expect(recording.clips).toMatchObject([
    {
      clipId,
      state: "recording",
      startsAtMs: 5_500,
      endsAtMs: 16_000,
      recordedBytes: 900,
      sentBytes: 600,
      receivedBytes: 300,
    },
  ]);
  const whole = modelAfter(
    at(10_000, { what: "clip-recording", clipId, eventId: "e", preRollMs: 4_500, endsAtMs: 16_000 }),
    at(16_100, {
      what: "clip-recorded",
      clipId,
      end: "seam",
      bytes: 1_000,
      durationMs: 9_000,
      preRollMs: 4_500,
    }),
    at(16_200, clipWhole({ end: "seam" })),
  );
  expect(whole.clips).toMatchObject([{ state: "whole", remark: "seam", fileBytes: 1_846_938 }]);
});

test("a clip of an earlier run appears with its first news, and other clips stay as they are", () => {
  const model = modelAfter(
    at(1, { what: "clip-grew", clipId, recordedBytes: 10 }),
    at(2, { what: "clip-received", clipId: "old-c7", receivedBytes: 5 }),
    at(3, { what: "clip-given-up", clipId: "old-c7", reason: "aborted" }),
  );
  expect(model.clips.map(({ clipId, state }) => [clipId, state])).toEqual([
    [clipId, "recording"],
    ["old-c7", "given-up"],
  ]);
});

test("a press that makes a clip longer moves its end, and the agent's word to stop brings it to now", () => {
  const model = modelAfter(
    at(0, { what: "clip-recording", clipId, eventId: "e", preRollMs: 0, endsAtMs: 6_000 }),
    at(3_000, { what: "clip-extended", clipId, endsAtMs: 9_000 }),
  );
  expect(model.clips[0]?.endsAtMs).toBe(9_000);
  expect(modelAfter(at(4_000, { what: "clip-stopping", clipId })).clips[0]?.endsAtMs).toBe(4_000);
});

test("why the uplink was lost stays until it stands again", () => {
  const lost = {
    what: "uplink",
    phase: "waiting",
    url: "u",
    protocol: "",
    detail: "nothing listens there",
  } as const;
  const trying = { ...lost, phase: "connecting", detail: "" } as const;
  const back = { ...trying, phase: "connected", protocol: "5" } as const;
  expect(modelAfter(at(1, lost), at(2, trying)).uplink).toMatchObject({
    phase: "connecting",
    detail: "nothing listens there",
  });
  expect(modelAfter(at(1, lost), at(2, trying), at(3, back)).uplink).toMatchObject({
    protocol: "5",
    detail: "",
  });
});

test("a camera that is lost keeps its source and says why", () => {
  const up = {
    what: "camera-up",
    source: "test",
    codec: "avc1",
    widthPx: 640,
    heightPx: 360,
    video: "encode",
  } as const;
  const down = { what: "camera-down", fault: "world", reason: "it stalled" } as const;
  expect(modelAfter(at(1, up), at(2, down)).camera).toMatchObject({
    state: "down",
    source: "test",
    reason: "it stalled",
  });
});

test("events are bounded, the newest stay", () => {
  const many = Array.from({ length: 500 }, (_, index) => at(index, pressEvent({ sequence: index + 1 })));
  const { events } = modelAfter(...many);
  expect(events.length).toBe(200);
  expect(events.at(-1)?.sequence).toBe(500);
});

test("time never goes back, although arrivals are told late", () => {
  const model = modelAfter(at(500, { what: "chime" }), at(400, { what: "light", pattern: "idle" }));
  expect(model.nowMs).toBe(500);
  expect(model).toMatchObject({ rings: 1, light: "idle" });
});

test("the model it was given is not changed", () => {
  const before = structuredClone(emptyModel);
  modelAfter(at(1, pressEvent()), at(2, clipWhole()), at(3, { what: "refused", detail: "x" }));
  expect(emptyModel).toEqual(before);
});
