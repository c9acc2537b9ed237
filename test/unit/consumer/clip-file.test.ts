import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ClipFormatError, clipToMp4 } from "../../../agent/consumer/index.ts";
import { clipFiles, tarOf } from "./make-clip.ts";
import { bytesOf } from "./messages.ts";

test("joins init and fragments, in order, and gives the manifest", async () => {
  const files = clipFiles("c1", [700, 512, 1]);
  const { mp4, manifest } = await clipToMp4(await tarOf(files));
  expect(Buffer.from(mp4)).toEqual(Buffer.concat(files.slice(0, -1).map((file) => file.bytes)));
  expect(manifest).toMatchObject({ clipId: "c1", end: "finished" });
});

describe("what is not the clip that its manifest tells of", () => {
  const good = clipFiles("c1", [700, 512]);
  const [init, first, second, manifest] = good;
  if (!init || !first || !second || !manifest) throw new Error("four files");
  const changed = { ...first, bytes: first.bytes.map((byte) => byte ^ 1) };
  test.each([
    ["a byte changed", [init, changed, second, manifest], /000001\.m4s is not what/],
    ["a fragment missing", [init, second, manifest], /2 files, but 3/],
    ["fragments exchanged", [init, second, first, manifest], /file 2 is 000002/],
    ["no manifest", [init, first, second], /last file is not the manifest/],
    ["nothing at all", [], /last file is not the manifest/],
    ["nothing but the manifest", clipFiles("c1", [], { files: [] }).slice(1), /no files/],
    ["a manifest of something else", [{ ...manifest, bytes: bytesOf("{}") }], /the manifest: /],
    ["a manifest that is not JSON", [{ ...manifest, bytes: bytesOf("{") }], /not JSON/],
  ])("%s", async (_, files, message) => {
    const read = clipToMp4(await tarOf(files));
    await expect(read).rejects.toThrow(ClipFormatError);
    await expect(read).rejects.toThrow(message);
  });

  test("cut anywhere or with any byte changed, a file is never taken for another clip", async () => {
    const tar = await tarOf(good);
    const { mp4 } = await clipToMp4(tar);
    const outcome = (bytes: Uint8Array) =>
      clipToMp4(bytes).then(
        (read) => Buffer.from(read.mp4).equals(mp4),
        (error: unknown) => error instanceof ClipFormatError,
      );
    await fc.assert(
      fc.asyncProperty(fc.nat(tar.length - 1), fc.nat(255), async (at, byte) => {
        expect(await outcome(tar.subarray(0, at))).toBe(true);
        const changedTar = tar.slice();
        changedTar[at] = byte;
        expect(await outcome(changedTar)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  test("garbage is no clip", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2_048 }), async (bytes) => {
        await expect(clipToMp4(bytes)).rejects.toThrow(ClipFormatError);
      }),
      { numRuns: 100 },
    );
  });
});
