import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { avcCodecString } from "../../../agent/media/codec-string.ts";
import { Fragmenter, NotFragmentedMp4, type StreamPart } from "../../../agent/media/fragmenter.ts";
import { boxesIn } from "../../../agent/media/mp4-boxes.ts";
import { box } from "../../fixtures/mp4.ts";

/** 16 pictures of the test source, 160×120 at 5 a second, as two builds of ffmpeg wrote them. */
const streams = ["ffmpeg-5.1.mp4", "ffmpeg-2018.mp4"].map(
  (name) => [name, readFileSync(new URL(`../../fixtures/${name}`, import.meta.url))] as const,
);

function cut(stream: Uint8Array, sizes: readonly number[] = []): StreamPart[] {
  const fragmenter = new Fragmenter();
  const parts: StreamPart[] = [];
  let at = 0;
  for (let i = 0; at < stream.length; i++) {
    const size = sizes.length > 0 ? (sizes[i % sizes.length] ?? 1) : stream.length;
    parts.push(...fragmenter.push(stream.subarray(at, at + size)));
    at += size;
  }
  return parts;
}

/** In a form that is compared quickly. */
const print = (parts: StreamPart[]) =>
  parts.map((part) =>
    JSON.stringify(part, (key, value) =>
      key === "data" ? createHash("sha1").update(value).digest("hex") : value,
    ),
  );
const pairsOf = (parts: StreamPart[]) => parts.flatMap((part) => (part.kind === "pair" ? [part.pair] : []));

describe.each(streams)("the stream of %s", (_name, stream) => {
  test("has its init segment first", () => {
    const [first] = cut(stream);
    expect(first).toMatchObject({
      kind: "init",
      init: {
        widthPx: 160,
        heightPx: 120,
        videoTrackId: 1,
        codec: expect.stringMatching(/^avc1\.64000[0-9a-f]$/),
      },
    });
    if (first?.kind !== "init") throw new Error("no init");
    expect(first.init.timescales[1]).toBeGreaterThan(0);
    expect([...boxesIn(first.init.data)].map(({ type }) => type)).toEqual(["ftyp", "moov"]);
  });

  test("is one pair a picture, with a keyframe each second", () => {
    const pairs = pairsOf(cut(stream));
    expect(pairs.map((pair) => pair.frames)).toEqual(Array(16).fill(1));
    expect(pairs.map((pair) => Math.round(pair.decodeMs))).toEqual(pairs.map((_, i) => i * 200));
    expect(pairs.map((pair) => Math.round(pair.durationMs))).toEqual(Array(16).fill(200));
    expect(pairs.flatMap((pair, i) => (pair.keyframe ? [i] : []))).toEqual([0, 5, 10, 15]);
    for (const pair of pairs)
      expect([...boxesIn(pair.data)].map(({ type }) => type)).toEqual(["moof", "mdat"]);
  });

  test("gives the same parts in any chunks, and loses no byte", () => {
    const whole = print(cut(stream));
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9_000 }), { minLength: 1, maxLength: 30 }), (sizes) => {
        expect(print(cut(stream, sizes))).toEqual(whole);
      }),
      { numRuns: 60 },
    );
    expect(print(cut(stream, [1]))).toEqual(whole);
    const bytes = Buffer.concat(
      cut(stream).map((part) => (part.kind === "init" ? part.init.data : part.pair.data)),
    );
    expect(stream.subarray(0, bytes.length).equals(bytes)).toBe(true);
  });

  test("that is cut off leaves unfinished bytes", () => {
    const fragmenter = new Fragmenter();
    const last = pairsOf(fragmenter.push(stream)).at(-1);
    expect(fragmenter.unfinishedBytes).toBe(0);
    const second = new Fragmenter();
    const end = stream.lastIndexOf(Buffer.from(last?.data ?? [])) + 20;
    second.push(stream.subarray(0, end));
    expect(second.unfinishedBytes).toBe(20);
  });

  test("is refused, and nothing worse, when it is damaged", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 4_000 }), fc.integer({ min: 0, max: 255 })), {
          minLength: 1,
          maxLength: 8,
        }),
        (damages) => {
          const damaged = Uint8Array.from(stream.subarray(0, 20_000));
          for (const [at, value] of damages) damaged[at] = value;
          try {
            cut(damaged, [777]);
          } catch (error) {
            expect(error).toBeInstanceOf(NotFragmentedMp4);
          }
        },
      ),
    );
  });
});

describe("what is no fragmented MP4", () => {
  test.each([
    ["words", Buffer.from("ffmpeg: command not found, sorry")],
    ["a moof without a moov", box("moof", Buffer.alloc(16))],
    ["an mdat without a moof", box("mdat", Buffer.alloc(16))],
    ["a moov without video", Buffer.concat([box("ftyp", Buffer.alloc(8)), box("moov", Buffer.alloc(0))])],
    ["a box beyond all bounds", Buffer.from([0x7f, 0xff, 0xff, 0xff, ...Buffer.from("mdat")])],
  ])("%s is refused", (_what, bytes) => {
    expect(() => cut(bytes)).toThrow(NotFragmentedMp4);
  });

  test("a large stream is cut in linear time", () => {
    const [, stream] = streams[0] ?? ["", Buffer.alloc(0)];
    const pairs = pairsOf(cut(stream)).map((pair) => pair.data);
    const init = stream.subarray(0, stream.indexOf(Buffer.from(pairs[0] ?? [])));
    const large = Buffer.concat([init, box("free", Buffer.alloc(30_000_000)), ...pairs]);
    const started = performance.now();
    expect(pairsOf(cut(large, [4_096]))).toHaveLength(pairs.length);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});

test("the codec string is profile, constraints and level in hexadecimal", () => {
  expect(avcCodecString(new Uint8Array([1, 0x42, 0xc0, 0x1f]))).toBe("avc1.42c01f");
  expect(avcCodecString(new Uint8Array([1, 0x64, 0x00, 0x0a, 0xff]))).toBe("avc1.64000a");
  expect(() => avcCodecString(new Uint8Array([2, 0x64, 0, 10]))).toThrow(RangeError);
  expect(() => avcCodecString(new Uint8Array([1, 0x64]))).toThrow(RangeError);
});
