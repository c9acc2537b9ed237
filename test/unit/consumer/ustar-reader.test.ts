import fc from "fast-check";
import { expect, test } from "vitest";
import { ClipFormatError } from "../../../agent/consumer/index.ts";
import { UstarReader } from "../../../agent/consumer/ustar-reader.ts";
import { type MadeFile, tarOf } from "./make-clip.ts";

const made = fc.array(
  fc.record({
    name: fc.stringMatching(/^[a-z0-9.-]{1,99}$/).filter((name) => !/^\.*$/.test(name)),
    bytes: fc.uint8Array({ maxLength: 1_600 }),
  }),
  { maxLength: 6 },
);

test("reads what tar-stream writes, however it is cut", async () => {
  await fc.assert(
    fc.asyncProperty(made, fc.integer({ min: 1, max: 2_000 }), async (files: MadeFile[], cut) => {
      const tar = await tarOf(files);
      const reader = new UstarReader(tar.length);
      const read: MadeFile[] = [];
      for (let at = 0; at < tar.length; at += cut) read.push(...reader.push(tar.subarray(at, at + cut)));
      expect(read).toEqual(files);
      expect(reader.isBetweenFiles).toBe(true);
      expect(reader.pendingBytes).toBe(0);
    }),
    { numRuns: 100 },
  );
});

test("any byte of a header changed to any other is refused, or changes what no clip depends on", async () => {
  const tar = await tarOf([{ name: "a", bytes: new Uint8Array(10) }]);
  for (let at = 0; at < 512; at += 1) {
    const changed = tar.slice();
    changed[at] = (changed[at] ?? 0) ^ 0x15;
    expect(() => new UstarReader(tar.length).push(changed), `byte ${at}`).toThrow(ClipFormatError);
  }
});

test("a file larger than it may be is refused by its header, before anything of it is held", async () => {
  const tar = await tarOf([{ name: "a", bytes: new Uint8Array(1_001) }]);
  const reader = new UstarReader(1_000);
  expect(() => reader.push(tar.subarray(0, 512))).toThrow("a file of 1001 bytes is too large");
});
