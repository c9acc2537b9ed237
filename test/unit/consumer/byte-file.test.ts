import fc from "fast-check";
import { expect, test } from "vitest";
import { ByteFile } from "../../../agent/consumer/byte-file.ts";

const write = fc.record({ at: fc.nat(40), bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }) });

test("it is an array of bytes with holes, where the later write holds", () => {
  fc.assert(
    fc.property(fc.array(write, { maxLength: 20 }), fc.nat(60), (writes, size) => {
      const file = new ByteFile();
      const model: (number | undefined)[] = Array.from({ length: 60 });
      for (const { at, bytes } of writes) {
        file.write(at, bytes);
        for (const [index, byte] of bytes.entries()) model[at + index] = byte;
      }
      const holes = model.flatMap((byte, at) => (byte === undefined ? [at] : []));
      expect(file.bytes).toBe(60 - holes.length);
      expect(file.contiguous()).toBe(holes[0] ?? 60);
      const missing = file
        .missing(size, 100)
        .flatMap(([from, to]) => Array.from({ length: to - from }, (_, i) => from + i));
      expect(missing).toEqual(holes.filter((at) => at < size));
      expect([...file.read(size)]).toEqual(model.slice(0, size).map((byte) => byte ?? 0));
    }),
    { numRuns: 300 },
  );
});

test("it tells of so many holes and no more", () => {
  const file = new ByteFile();
  for (let at = 1; at < 20; at += 2) file.write(at, new Uint8Array(1));
  expect(file.missing(20, 3)).toEqual([
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
});
