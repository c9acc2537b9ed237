import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { boxAt, boxesIn, findBoxes } from "../../../agent/media/mp4-boxes.ts";

interface Tree {
  type: string;
  large: boolean;
  content: Tree[] | Uint8Array;
}

const type = fc.string({ minLength: 4, maxLength: 4, unit: fc.constantFrom(..."abcdefgh") });
const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.record({
    type,
    large: fc.boolean(),
    content: fc.oneof(
      { maxDepth: 3 },
      fc.uint8Array({ maxLength: 40 }),
      fc.array(tie("tree"), { minLength: 1, maxLength: 4 }),
    ),
  }),
}));

function write({ type, large, content }: Tree): Buffer {
  const inside = content instanceof Uint8Array ? Buffer.from(content) : Buffer.concat(content.map(write));
  const header = Buffer.alloc(large ? 16 : 8);
  header.writeUInt32BE(large ? 1 : header.length + inside.length);
  header.write(type, 4, "latin1");
  if (large) header.writeBigUInt64BE(BigInt(header.length + inside.length), 8);
  return Buffer.concat([header, inside]);
}

describe("MP4 boxes", () => {
  test("whatever is written is read back, with 32 and with 64 bits of size", () => {
    fc.assert(
      fc.property(fc.array(tree, { maxLength: 5 }), (trees) => {
        const read = (bytes: Uint8Array, start: number, end: number, as: Tree[]): void => {
          const boxes = [...boxesIn(bytes, start, end)];
          expect(boxes.map((box) => box.type)).toEqual(as.map((node) => node.type));
          for (const [i, box] of boxes.entries()) {
            const node = as[i];
            if (node?.content instanceof Uint8Array)
              expect(Buffer.from(bytes.subarray(box.contentStart, box.end))).toEqual(
                Buffer.from(node.content),
              );
            else read(bytes, box.contentStart, box.end, node?.content ?? []);
          }
        };
        const bytes = Buffer.concat(trees.map(write));
        read(bytes, 0, bytes.length, trees);
      }),
    );
  });

  test("a cut or a lie in the bytes is a RangeError, never anything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        try {
          for (const box of boxesIn(bytes)) expect(box.end).toBeLessThanOrEqual(bytes.length);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
    const whole = write({ type: "mdat", large: false, content: new Uint8Array(9) });
    for (let cut = 1; cut < whole.length; cut++)
      expect(() => [...boxesIn(whole.subarray(0, cut))]).toThrow(RangeError);
  });

  test("a header that is not whole yet is null; a box may end beyond what is there", () => {
    const bytes = write({ type: "moof", large: true, content: new Uint8Array(100) });
    const at = (end: number) => boxAt(new DataView(bytes.buffer, bytes.byteOffset, end), 0, end);
    expect(at(7)).toBeNull();
    expect(at(15)).toBeNull();
    expect(at(16)).toEqual({ type: "moof", start: 0, contentStart: 16, end: 116 });
  });

  test("a path leads to every box of its kind", () => {
    const leaf = (n: number): Tree => ({ type: "leaf", large: false, content: new Uint8Array([n]) });
    const bytes = write({
      type: "root",
      large: false,
      content: [
        { type: "twig", large: false, content: [leaf(1), leaf(2)] },
        leaf(9),
        { type: "twig", large: true, content: [leaf(3)] },
      ],
    });
    expect([...findBoxes(bytes, ["root", "twig", "leaf"])].map((box) => bytes[box.contentStart])).toEqual([
      1, 2, 3,
    ]);
  });
});
