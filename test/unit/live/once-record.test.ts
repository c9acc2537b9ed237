import { expect, test } from "vitest";
import type { Happening } from "../../../simulator/live/happenings.ts";
import { missingOf, newRecord, type OnceRecord, recordOnce } from "../../../simulator/live/once-record.ts";
import { onceInWords, onceResult } from "../../../simulator/live/once-result.ts";
import { at, clipWhole, pressEvent } from "./happening.ts";

const epoch = "0123456789abcdef";
const clipId = `${epoch}-c1`;
const eventId = `${epoch}-p1`;
const broker = { url: "mqtt://127.0.0.1:4711", protocol: "5" };

const story: Happening[] = [
  at(10_052.5, pressEvent()),
  at(10_060, { what: "clip-recording", clipId, eventId, preRollMs: 4_609, endsAtMs: 16_040 }),
  at(10_061, { what: "clip-grew", clipId, recordedBytes: 700_000 }),
  at(10_070, { what: "clip-received", clipId, receivedBytes: 65_536 }),
  at(10_090.3, { what: "clip-received", clipId, receivedBytes: 700_000 }),
  at(10_200, {
    what: "snapshot",
    eventId,
    path: "/data/p1.jpg",
    bytes: 20_440,
    widthPx: 640,
    heightPx: 360,
    frameOffsetMs: -11,
  }),
  at(11_000, { what: "clip-grew", clipId, recordedBytes: 900_000 }),
  at(16_040, { what: "clip-stopping", clipId }),
  at(16_050, {
    what: "clip-recorded",
    clipId,
    end: "finished",
    bytes: 2e6,
    durationMs: 10_600,
    preRollMs: 4_609,
  }),
  at(16_075.25, { what: "clip-verified", clipId, receivedBytes: 2e6 }),
  at(16_090, clipWhole({ eventId })),
];

test("the result has every time against the moment the contact closed", () => {
  const record = play(story);
  expect(missingOf(record)).toBe("");
  expect(onceResult(record, 0)).toEqual({
    press: { id: eventId, pressToEventMs: 52.5 },
    snapshot: {
      path: "/data/p1.jpg",
      width: 640,
      height: 360,
      pressToSnapshotMs: 200,
      frameOffsetMs: -11,
    },
    clip: {
      id: clipId,
      path: "/home/tester/porchlight-data/received/0123456789abcdef-c1.mp4",
      bytes: 1_846_938,
      sha256: "ab".repeat(32),
      durationS: 10.6,
      preRollS: 4.609,
      // When the first growth was there as a whole, not when its first segment was, nor the second growth.
      pressToPreRollMs: 90.3,
      stopToCompleteMs: 35.3,
      framesMissing: 0,
    },
    broker,
  });
});

test("the agent may tell of the clip before the press has arrived", () => {
  const [press, ...rest] = story;
  const late = [...rest.slice(0, 4), ...(press ? [press] : []), ...rest.slice(4)];
  expect(onceResult(play(late), 0)).toEqual(onceResult(play(story), 0));
});

test.each([
  ["the press", 0, "the press did not arrive"],
  ["the snapshot", 5, "the snapshot did not arrive"],
  ["the clip", 10, "the clip did not arrive whole"],
])("without %s there is no result", (_what, index, missing) => {
  const record = play(story.toSpliced(index, 1));
  expect(missingOf(record)).toBe(missing);
  expect(onceResult(record, 0)).toBeNull();
});

test("presses of earlier epochs and before this one are not taken for it", () => {
  const others = [
    at(10_010, pressEvent({ epoch: "fedcba9876543210", id: "fedcba9876543210-p9" })),
    at(10_020, pressEvent({ monotonicMs: 4_000, id: `${epoch}-p0` })),
  ];
  expect(play([...others, ...story]).press?.id).toBe(eventId);
});

test.each<[Happening, RegExp]>([
  [
    at(16_050, { what: "clip-recorded", clipId, end: "camera-lost", bytes: 1, durationMs: 1, preRollMs: 1 }),
    /cut short/,
  ],
  [at(16_050, { what: "clip-given-up", clipId, reason: "checksum: wrong" }), /checksum: wrong/],
  [at(16_050, { what: "snapshot-failed", eventId, reason: "no picture" }), /no snapshot: no picture/],
])("%j is a failure", (happening, words) => {
  expect(play([...story.slice(0, 4), happening]).failure).toMatch(words);
});

test("footage that came to its end ends the clip without the agent's word", () => {
  const end = { clipId, end: "seam", bytes: 2e6, durationMs: 8_000, preRollMs: 4_609 } as const;
  const record = play([
    ...story.slice(0, 7),
    at(14_000, { what: "clip-recorded", ...end }),
    ...story.slice(9),
  ]);
  expect(record.failure).toBe("");
  expect(record.stopAtMs).toBe(14_000);
});

test("in words: the same facts", () => {
  const result = onceResult(play(story), null);
  expect(result && onceInWords(result)).toMatch(
    /52\.5 ms after the contact closed.*no counter in its pictures/s,
  );
});

function play(happenings: readonly Happening[]): OnceRecord {
  return happenings.reduce(recordOnce, newRecord(10_000.2 - 0.2, epoch, broker));
}
