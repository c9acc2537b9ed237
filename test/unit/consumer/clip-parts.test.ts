import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClipAssembler, type ClipMessage, type ClipOutcome } from "../../../agent/consumer/index.ts";
import { clipFiles, fin, initOf, type MadeFile, messagesOf, segment, sha256, tarOf } from "./make-clip.ts";

const files = clipFiles("c1", [1_500, 512, 0, 900]);
const media = files.slice(0, -1);
const tar = await tarOf(files);
const streaming = () => new ClipAssembler({ deliver: "parts" });

async function feed(assembler: ClipAssembler, messages: ClipMessage[]): Promise<ClipOutcome[]> {
  return (await Promise.all(messages.map((message) => assembler.receive(message)))).flat();
}
const partsIn = (outcomes: ClipOutcome[]) => outcomes.filter((outcome) => outcome.kind === "clip-part");
const asParts = (made: MadeFile[]) => made.map(({ name, bytes }, index) => ({ index, name, bytes }));

test("a file is handed out as soon as it is whole, long before the clip has ended", async () => {
  const assembler = streaming();
  const [init, ...segments] = messagesOf("c1", tar, 1_024).slice(0, -1);
  if (!init) throw new Error("an init");
  // init.mp4 and its header take two blocks, the first fragment a header and three.
  const first = await feed(assembler, [init, ...segments.slice(0, 1)]);
  expect(partsIn(first)).toMatchObject([{ index: 0, name: "init.mp4", init: { name: "c1.tar" } }]);
  const second = await feed(assembler, segments.slice(1, 3));
  expect(partsIn(second)).toMatchObject(asParts(media).slice(1, 2));
  expect(assembler.heldBytes).toBeLessThan(1_024);
});

test("any order, any repetition, any second way of cutting it: each part once, in order, and the end once", async () => {
  const cut = fc.integer({ min: 100, max: 5_000 });
  const order = fc.tuple(cut, cut).chain(([first, second]) => {
    const all = [...messagesOf("c1", tar, first), ...messagesOf("c1", tar, second)];
    const once = messagesOf("c1", tar, second);
    return fc.tuple(fc.shuffledSubarray(all), fc.shuffledSubarray(once, { minLength: once.length }));
  });
  await fc.assert(
    fc.asyncProperty(order, async ([some, rest]) => {
      const assembler = streaming();
      const outcomes = await feed(assembler, [...some, ...rest]);
      expect(partsIn(outcomes).map(({ index, name, bytes }) => ({ index, name, bytes }))).toEqual(
        asParts(media),
      );
      const ends = outcomes.filter(({ kind }) => kind === "clip-streamed");
      expect(ends).toMatchObject([{ bytes: tar.length, sha256: sha256(tar), whole: true, end: "finished" }]);
      expect(outcomes.some(({ kind }) => kind === "clip-bad" || kind === "clip-complete")).toBe(false);
      expect(assembler.heldBytes).toBe(0);
      expect(await feed(assembler, rest)).toEqual([]);
    }),
    { numRuns: 60 },
  );
});

test("in order, no more is held than the file that is arriving", async () => {
  const long = await tarOf(clipFiles("c1", new Array(64).fill(8_000)));
  const assembler = streaming();
  let most = 0;
  let ended = false;
  for (const message of messagesOf("c1", long, 1_000)) {
    for (const { kind } of await assembler.receive(message)) ended ||= kind === "clip-streamed";
    most = Math.max(most, assembler.heldBytes);
  }
  expect(ended).toBe(true);
  expect(most).toBeLessThan(8_000 + 2 * 1_000);
});

test("nothing is handed out before `init` tells what it is", async () => {
  const [init, ...rest] = messagesOf("c1", tar, 700);
  const assembler = streaming();
  if (!init) throw new Error("an init");
  expect(partsIn(await feed(assembler, rest))).toEqual([]);
  const outcomes = await feed(assembler, [init]);
  expect(outcomes.map(({ kind }) => kind)).toEqual([...media.map(() => "clip-part"), "clip-streamed"]);
});

describe("what is not what it says", () => {
  const changed = (index: number): MadeFile[] =>
    files.map((file, at) => (at === index ? { ...file, bytes: file.bytes.map((byte) => byte ^ 1) } : file));
  const other = clipFiles("c2", [10]);
  test.each([
    ["a fragment is not the manifest's", () => changed(1), /000001\.m4s is not what/],
    ["a fragment is missing", () => files.filter((_, at) => at !== 2), /file 3 is 000003\.m4s/],
    ["the last fragment is missing", () => files.filter((_, at) => at !== 4), /4 files, but 5/],
    ["another clip's", () => other, /manifest is that of c2/],
    ["no manifest", () => files.slice(0, -1), /last file is not the manifest/],
    ["more after the manifest", () => [...files, ...other], /more after the manifest/],
  ])("%s", async (_, make, message) => {
    const outcomes = await feed(streaming(), messagesOf("c1", await tarOf(make()), 800));
    expect(outcomes.at(-1)).toMatchObject({ kind: "clip-bad", reason: "format", final: true });
    expect(outcomes.at(-1)).toMatchObject({ detail: expect.stringMatching(message) });
    expect(outcomes.some(({ kind }) => kind === "clip-streamed")).toBe(false);
  });

  test("a damaged segment is refused, and the parts wait for the right one", async () => {
    const assembler = streaming();
    const wrong = { ...segment("c1", 0, tar.subarray(0, 2_000)), bytes: tar.subarray(1, 2_001) };
    const outcomes = await feed(assembler, [
      initOf("c1"),
      wrong as ClipMessage,
      segment("c1", 2_000, tar.subarray(2_000)),
    ]);
    expect(partsIn(outcomes)).toEqual([]);
    const repaired = await feed(assembler, [fin("c1", tar), segment("c1", 0, tar.subarray(0, 2_000))]);
    expect(partsIn(repaired)).toHaveLength(media.length);
    expect(repaired.at(-1)).toMatchObject({ kind: "clip-streamed" });
  });

  test("`fin` names another size than there was", async () => {
    const messages = [...messagesOf("c1", tar, 900).slice(0, -1), fin("c1", tar.subarray(0, 2_048))];
    expect((await feed(streaming(), messages)).at(-1)).toMatchObject({ kind: "clip-bad", reason: "format" });
  });
});
