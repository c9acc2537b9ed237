import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { ClipAssembler, type ClipMessage, type ClipOutcome } from "../../../agent/consumer/index.ts";
import { clipFiles, fin, initOf, messagesOf, segment, sha256, tarOf } from "./make-clip.ts";
import { bytesOf, DEVICE } from "./messages.ts";

let tar: Uint8Array;
beforeAll(async () => {
  tar = await tarOf(clipFiles("c1", [1_500, 900]));
});

async function feed(assembler: ClipAssembler, messages: ClipMessage[]): Promise<ClipOutcome[]> {
  return (await Promise.all(messages.map((message) => assembler.receive(message)))).flat();
}
const kinds = (outcomes: ClipOutcome[]) => outcomes.map((outcome) => outcome.kind);

test("a clip in order: progress, then complete with its bytes", async () => {
  const assembler = new ClipAssembler();
  const messages = messagesOf("c1", tar, 2_000);
  const outcomes = await feed(assembler, messages);
  expect(kinds(outcomes)).toEqual([...messages.slice(1).map(() => "clip-progress"), "clip-complete"]);
  expect(outcomes[1]).toMatchObject({
    deviceId: DEVICE,
    clipId: "c1",
    bytes: 2_000,
    contiguousBytes: 2_000,
    size: null,
  });
  expect(outcomes.at(-1)).toMatchObject({
    sha256: sha256(tar),
    whole: true,
    end: "finished",
    init: { name: "c1.tar" },
    manifest: { clipId: "c1" },
  });
  const complete = outcomes.at(-1);
  expect(complete?.kind === "clip-complete" && Buffer.from(complete.bytes).equals(tar)).toBe(true);
  expect(assembler.heldBytes).toBe(0);
});

test("any order, any repetition, any second way of cutting it: complete exactly once", async () => {
  const cut = fc.integer({ min: 300, max: 5_000 });
  const order = fc.tuple(cut, cut).chain(([first, second]) => {
    const all = [...messagesOf("c1", tar, first), ...messagesOf("c1", tar, second)];
    const once = messagesOf("c1", tar, second);
    return fc.tuple(fc.shuffledSubarray(all), fc.shuffledSubarray(once, { minLength: once.length }));
  });
  await fc.assert(
    fc.asyncProperty(order, async ([some, rest]) => {
      const assembler = new ClipAssembler();
      const outcomes = await feed(assembler, [...some, ...rest]);
      const complete = outcomes.filter((outcome) => outcome.kind === "clip-complete");
      expect(complete).toHaveLength(1);
      expect(kinds(outcomes)).not.toContain("clip-bad");
      expect(await feed(assembler, rest)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test("a segment that came whole and in parts counts once, whatever came first and wherever the parts were cut", async () => {
  const order = fc
    .tuple(
      fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 6 }),
      fc.integer({ min: 1, max: 4 }),
    )
    .chain(([sizes, cutAt]) => {
      const whole = messagesOf("c1", tar, 1_000).filter(({ kind }) => kind === "clip-segment");
      const cut = whole[cutAt];
      const parts: ClipMessage[] = [];
      if (cut?.kind !== "clip-segment") throw new Error("a segment");
      for (let at = 0, part = 0; at < cut.bytes.length; part += 1) {
        const bytes = cut.bytes.subarray(at, at + (sizes[part % sizes.length] ?? 1));
        parts.push(segment("c1", cut.offset + at, bytes));
        at += bytes.length;
      }
      return fc.tuple(
        fc.constant(cut),
        fc.shuffledSubarray([...whole, ...parts], { minLength: whole.length + parts.length }),
      );
    });
  await fc.assert(
    fc.asyncProperty(order, async ([cut, messages]) => {
      const assembler = new ClipAssembler();
      const outcomes = await feed(assembler, [initOf("c1"), ...messages.filter((one) => one !== cut)]);
      // Parts are as good as the whole, and nothing is counted twice.
      expect(outcomes.at(-1)).toMatchObject({ bytes: tar.length, contiguousBytes: tar.length });
      await feed(assembler, [cut]);
      expect(assembler.heldBytes).toBe(tar.length);
      expect(await feed(assembler, [fin("c1", tar)])).toMatchObject([
        { kind: "clip-complete", sha256: sha256(tar) },
      ]);
    }),
    { numRuns: 60 },
  );
});

test("a part that is missing is told as missing, though its segment has begun", async () => {
  const assembler = new ClipAssembler();
  const parts = [segment("c1", 0, tar.subarray(0, 400)), segment("c1", 700, tar.subarray(700))];
  const outcomes = await feed(assembler, [initOf("c1"), ...parts, fin("c1", tar)]);
  expect(outcomes.at(-1)).toMatchObject({
    kind: "clip-progress",
    contiguousBytes: 400,
    missing: [[400, 700]],
  });
  const whole = await feed(assembler, [segment("c1", 0, tar.subarray(0, 1_000))]);
  expect(whole).toMatchObject([{ kind: "clip-complete" }]);
});

test("without any one of its messages it is not complete, and says what is missing", async () => {
  const messages = messagesOf("c1", tar, 1_000);
  for (const left of messages.keys()) {
    const outcomes = await feed(
      new ClipAssembler(),
      messages.filter((_, index) => index !== left),
    );
    expect(kinds(outcomes)).not.toContain("clip-complete");
    const missing =
      left === 0 || left === messages.length - 1
        ? []
        : [[(left - 1) * 1_000, Math.min(left * 1_000, tar.length)]];
    expect(outcomes.at(-1)).toMatchObject({ kind: "clip-progress", missing });
  }
});

test("a clip that did not end as it was meant to is complete and not whole", async () => {
  const partial = await tarOf(clipFiles("c1", [800], { end: "interrupted" }));
  const outcomes = await feed(new ClipAssembler(), messagesOf("c1", partial, 4_000));
  expect(outcomes.at(-1)).toMatchObject({ kind: "clip-complete", whole: false, end: "interrupted" });
});

describe("what is wrong is said", () => {
  test("a segment that is not what its topic says is refused, and may come again", async () => {
    const assembler = new ClipAssembler();
    const [init, first, ...rest] = messagesOf("c1", tar, 2_000);
    if (!init || first?.kind !== "clip-segment") throw new Error("a segment");
    const damaged = { ...first, bytes: first.bytes.map((byte) => byte ^ 1) };
    const outcomes = await feed(assembler, [init, damaged, ...rest]);
    expect(outcomes[1]).toMatchObject({ kind: "clip-refused", reason: "checksum" });
    expect(outcomes.at(-1)).toMatchObject({ kind: "clip-progress", missing: [[0, 2_000]] });
    expect(await feed(assembler, [first])).toMatchObject([{ kind: "clip-complete" }]);
  });

  test("right segments of another file: the whole is not what `fin` says, until they are sent again", async () => {
    const assembler = new ClipAssembler();
    const other = tar.map((byte, at) => (at < 10 ? byte ^ 1 : byte));
    const wrong = [...messagesOf("c1", other, 4_000).slice(0, -1), fin("c1", tar)];
    expect((await feed(assembler, wrong)).at(-1)).toMatchObject({
      kind: "clip-bad",
      reason: "checksum",
      final: false,
    });
    const again = await feed(assembler, [segment("c1", 0, tar.subarray(0, 500))]);
    expect(again).toMatchObject([{ kind: "clip-complete" }]);
  });

  test("the same `init` twice is fine, another is a conflict", async () => {
    const assembler = new ClipAssembler();
    expect(kinds(await feed(assembler, [initOf("c1"), initOf("c1")]))).toEqual([
      "clip-progress",
      "clip-progress",
    ]);
    expect(await feed(assembler, [initOf("c1", "another")])).toMatchObject([
      { kind: "clip-bad", reason: "conflict", final: true },
    ]);
  });

  test("an abort ends it, and nothing more is taken in", async () => {
    const assembler = new ClipAssembler();
    const [init, ...rest] = messagesOf("c1", tar, 2_000);
    if (!init) throw new Error("an init");
    const abort: ClipMessage = { kind: "clip-abort", deviceId: DEVICE, clipId: "c1" };
    expect((await feed(assembler, [init, abort])).at(-1)).toMatchObject({ reason: "aborted", final: true });
    expect(await feed(assembler, rest)).toEqual([]);
  });

  test.each([
    ["no tar", async () => new Uint8Array(600).fill(65)],
    ["another clip's tar", async () => tarOf(clipFiles("c2", [100]))],
  ])("what is complete and %s", async (_, make) => {
    const outcomes = await feed(new ClipAssembler(), messagesOf("c1", await make(), 4_000));
    expect(outcomes.at(-1)).toMatchObject({ kind: "clip-bad", reason: "format", final: true });
  });
});

describe("bounds", () => {
  test("too many clips: the one longest without news is given up, and stays so", async () => {
    const assembler = new ClipAssembler({ maxClips: 2 });
    const outcomes = await feed(assembler, [
      initOf("a"),
      initOf("b"),
      segment("a", 0, bytesOf("news")),
      initOf("c"),
    ]);
    expect(outcomes.at(-1)).toMatchObject({ kind: "clip-bad", clipId: "b", reason: "given-up", final: true });
    expect(await feed(assembler, [initOf("b")])).toEqual([]);
  });

  test("too many bytes", async () => {
    const assembler = new ClipAssembler({ maxBytes: 1_000 });
    const outcomes = await feed(assembler, [
      segment("a", 0, new Uint8Array(600)),
      segment("a", 300, new Uint8Array(600)),
      segment("b", 0, new Uint8Array(101)),
    ]);
    expect(kinds(outcomes)).toEqual(["clip-progress", "clip-progress", "clip-progress", "clip-bad"]);
    expect(assembler.heldBytes).toBe(101);
  });

  test("a clip larger than one may be", async () => {
    const assembler = new ClipAssembler({ maxClipBytes: 1_000 });
    const outcomes = await feed(assembler, [
      segment("a", 999, bytesOf("x")),
      segment("a", 1_000, bytesOf("x")),
      fin("a", new Uint8Array(1_001)),
    ]);
    expect(kinds(outcomes)).toEqual(["clip-progress", "clip-refused", "clip-refused"]);
  });
});
