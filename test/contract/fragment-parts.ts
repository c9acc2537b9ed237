import { describe, expect, it } from "vitest";
import type { SegmentHandle, SegmentPart } from "../../device/ports/fragment-store.ts";
import { begin, type Make, type Running, record, sha256 } from "./fragment-store-run.ts";

/** What every store of clips promises of segments that are sent in parts. */
export function fragmentPartsSuite(name: string, make: Make): void {
  describe(`fragment store's parts: ${name}`, () => {
    it.each([1, 1_000, 4_095, 4_096, 1_000_000])(
      "are contiguous, of at most %i bytes, and all of it",
      async (partBytes) => {
        const running = await (await begin(make)).run();
        await record(running, "c1");
        const segment = smallest(running.told("c1"));
        const { clipId, index, parts } = await split(running, segment.index, partBytes);
        expect([clipId, index]).toEqual(["c1", segment.index]);
        let from = 0;
        for (const part of parts) {
          expect(part.from).toBe(from);
          expect(part.bytes).toBeGreaterThan(0);
          expect(part.bytes).toBeLessThanOrEqual(partBytes);
          from += part.bytes;
        }
        expect(from).toBe(segment.bytes);
        expect(parts).toHaveLength(Math.ceil(segment.bytes / partBytes));
      },
    );

    it("have the hashes of their bytes, which together are the segment's", async () => {
      const running = await (await begin(make)).run();
      await record(running, "c1");
      for (const segment of running.told("c1").slice(0, 4)) {
        const { parts } = await split(running, segment.index, 700);
        const bytes = await bytesOf(running, segment.index, parts);
        expect([bytes.length, sha256(bytes)]).toEqual([segment.bytes, segment.sha256]);
      }
    });

    it("come from the disk when nothing of the clip is in memory, and are the same", async () => {
      const { run, kill } = await begin(make);
      const before = await run();
      await record(before, "c1");
      const [segment] = before.told("c1");
      const first = await split(before, 0, 700);
      await kill();
      const after = await run();
      const second = await split(after, 0, 700);
      expect(second.parts).toEqual(first.parts);
      expect(sha256(await bytesOf(after, 0, second.parts))).toBe(segment?.sha256);
    });

    it("can be read without having been asked for since the start", async () => {
      const { run, kill } = await begin(make);
      const before = await run();
      await record(before, "c1");
      const { parts } = await split(before, 0, 700);
      await kill();
      expect(await bytesOf(await run(), 0, parts)).toHaveLength(before.told("c1")[0]?.bytes ?? -1);
    });

    it("are none of a clip or a segment that is not there, and what lies outside of one is gone", async () => {
      const running = await (await begin(make)).run();
      await record(running, "c1");
      const told = running.told("c1");
      running.clips.splitSegment({ clipId: "never", index: 0, partBytes: 700 });
      running.clips.splitSegment({ clipId: "c1", index: told.length, partBytes: 700 });
      await running.next("clip.parts", undefined, 2);
      expect(running.all("clip.parts")).toMatchObject([
        { clipId: "never", index: 0, parts: [] },
        { clipId: "c1", index: told.length, parts: [] },
      ]);
      const bytes = told[0]?.bytes ?? 0;
      for (const part of [
        { from: bytes, bytes: 1 },
        { from: bytes - 1, bytes: 2 },
      ]) {
        expect(await running.clips.read({ kind: "segment", clipId: "c1", index: 0, part })).toBe("gone");
      }
    });

    it("are gone with their clip, also those that were being sent", async () => {
      const probe = await (await begin(make)).run();
      const { closing } = await record(probe, "size");
      const { run, kill } = await begin(make, closing.bytes * 1.5);
      const before = await run();
      await record(before, "c1");
      await kill();
      const running = await run();
      const [part] = (await split(running, 0, 700)).parts;
      if (!part) throw new Error("no part");
      const reference = { kind: "segment" as const, clipId: "c1", index: 0, part };
      expect(await running.clips.read(reference)).toHaveLength(700);
      await record(running, "c2");
      await running.next("clip.evicted", "c1");
      expect(await running.clips.read(reference)).toBe("gone");
      expect((await split(running, 0, 700)).parts).toEqual([]);
    });
  });
}

async function split({ all, clips, next }: Running, index: number, partBytes: number) {
  const answers = all("clip.parts", "c1").length;
  clips.splitSegment({ clipId: "c1", index, partBytes });
  return next("clip.parts", "c1", answers + 1);
}

/** Reads the parts, each of which must be what it says. */
async function bytesOf({ clips }: Running, index: number, parts: SegmentPart[]): Promise<Uint8Array> {
  const read: Uint8Array[] = [];
  for (const { from, bytes, sha256: hash } of parts) {
    const data = await clips.read({ kind: "segment", clipId: "c1", index, part: { from, bytes } });
    if (data === "gone") throw new Error(`the part at ${from} is gone`);
    expect([data.length, sha256(data)]).toEqual([bytes, hash]);
    read.push(data);
  }
  return Buffer.concat(read);
}

function smallest(segments: SegmentHandle[]): SegmentHandle {
  const [first, ...others] = segments;
  if (!first) throw new Error("no segments");
  return others.reduce((least, one) => (one.bytes < least.bytes ? one : least), first);
}
