import { expect, test } from "vitest";
import {
  declaredParameterSet,
  hasOtherPictures,
  inBandParameterSet,
} from "../../../agent/media/parameter-sets.ts";

const box = (type: string, ...content: Buffer[]) => {
  const body = Buffer.concat(content);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(body.length + 8);
  header.write(type, 4, "latin1");
  return Buffer.concat([header, body]);
};
const SMALL = Buffer.from("6742c01eda0280bf", "hex");
const LARGE = Buffer.from("6764001facd940500", "hex");
const PICTURE_SET = Buffer.from("68ce3c80", "hex");
const KEYFRAME = Buffer.from("6588840000", "hex");

const unit = (nal: Buffer) => {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(nal.length);
  return Buffer.concat([length, nal]);
};
const init = (sps: Buffer) => {
  const avcC = Buffer.concat([Buffer.from([1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, sps.length]), sps]);
  const entry = box("avc1", Buffer.alloc(78), box("avcC", avcC));
  return box("moov", box("trak", box("mdia", box("minf", box("stbl", box("stsd", Buffer.alloc(8), entry))))));
};
const pair = (...nals: Buffer[]) => Buffer.concat([box("moof"), box("mdat", ...nals.map(unit))]);

test("the declared parameter set is the one in avcC", () => {
  expect(declaredParameterSet(init(SMALL))).toEqual(SMALL);
  expect(declaredParameterSet(box("moov"))).toBeNull();
});

test("one in band is found among a keyframe's units", () => {
  expect(inBandParameterSet(pair(PICTURE_SET, LARGE, KEYFRAME))).toEqual(LARGE);
  expect(inBandParameterSet(pair(KEYFRAME))).toBeNull();
});

test("a stream has other pictures once it carries another set than it declared", () => {
  const declared = declaredParameterSet(init(SMALL));
  expect(hasOtherPictures(declared, pair(SMALL, PICTURE_SET, KEYFRAME))).toBe(false);
  expect(hasOtherPictures(declared, pair(KEYFRAME))).toBe(false);
  expect(hasOtherPictures(declared, pair(LARGE, PICTURE_SET, KEYFRAME))).toBe(true);
});

test("what are no whole units says nothing", () => {
  expect(
    inBandParameterSet(Buffer.concat([box("moof"), box("mdat", Buffer.from([0, 0, 9, 9, 0x67, 1]))])),
  ).toBeNull();
});
