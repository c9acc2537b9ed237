import { beforeEach, describe, expect, it } from "vitest";
import type { ClipSummary, SegmentHandle } from "../../device/ports/fragment-store.ts";
import { initSegment } from "../fixtures/mp4.ts";
import { begin, expectContiguous, type Make, type Running, record, sha256 } from "./fragment-store-run.ts";

/** What every implementation of `FragmentStore` promises, whatever its bytes are. */
export function fragmentStoreSuite(name: string, make: Make): void {
  describe(`fragment store: ${name}`, () => {
    it("begins a clip with the fragment at or before the time asked for, and tells the pre-roll", async () => {
      const running = await (await begin(make)).run();
      running.clips.init(initSegment());
      running.film(0, 6_100);
      running.open("c1", 1_500, 5_500);
      expect(await running.next("clip.opened", "c1")).toMatchObject({ preRollMs: 4_500 });
      const { segments } = await running.next("clip.grew", "c1");
      expect(expectContiguous(segments)).toBeGreaterThan(50 * 200);
    });

    it("begins with the oldest fragment held when none is that old", async () => {
      const running = await (await begin(make)).run();
      running.clips.init(initSegment());
      running.film(2_000, 5_100);
      running.open("c1", 500, 4_500);
      expect(await running.next("clip.opened", "c1")).toMatchObject({ preRollMs: 2_500 });
    });

    it("holds nothing of an earlier stream", async () => {
      const running = await (await begin(make)).run();
      running.clips.init(initSegment(1));
      running.film(0, 4_000);
      running.clips.init(initSegment(2));
      running.film(4_000, 6_100);
      running.open("c1", 1_000, 5_000);
      expect(await running.next("clip.opened", "c1")).toMatchObject({ preRollMs: 1_000 });
    });

    it("records nothing without a stream, and says so", async () => {
      const running = await (await begin(make)).run();
      running.open("c1", 0, 4_000);
      await running.next("clip.failed", "c1");
      running.clips.init(initSegment());
      running.clips.end();
      running.open("c2", 0, 4_000);
      await running.next("clip.failed", "c2");
      expect(running.all("clip.opened")).toEqual([]);
    });

    it("tells of each fragment when it is whole, and of the end with what is in the file", async () => {
      const running = await (await begin(make)).run();
      running.clips.init(initSegment());
      running.film(0, 3_000);
      running.open("c1", 0, 2_500);
      await running.next("clip.grew", "c1");
      const before = running.told("c1").length;
      running.film(3_000, 4_100);
      const [more] = (await running.next("clip.grew", "c1", 2)).segments;
      expect(more?.index).toBe(before);
      running.film(4_100, 5_500);
      const { closing } = await running.close("c1", 5_500);
      expect(closing).toMatchObject({ end: "finished", preRollMs: 2_500, fragments: 6 });
      expect(closing.durationMs).toBeGreaterThanOrEqual(5_500);
      expect(closing.durationMs).toBeLessThanOrEqual(6_000);
      expect(expectContiguous(running.told("c1"))).toBe(closing.bytes);
      const types = running.inputs.filter((i) => "clipId" in i).map(({ type }) => type);
      expect([types[0], types.at(-1)]).toEqual(["clip.opened", "clip.closed"]);
    });

    it("waits for the first picture of a stream that has just begun", async () => {
      const running = await (await begin(make)).run();
      running.clips.init(initSegment());
      running.open("c1", 0, 100);
      running.film(2_000, 4_500);
      expect(await running.next("clip.opened", "c1")).toMatchObject({ preRollMs: 0 });
      expect((await running.close("c1", 4_500)).closing).toMatchObject({ end: "finished", fragments: 3 });
    });

    it.each(["seam", "camera-lost"] as const)("ends a clip with %s when its stream does", async (end) => {
      const running = await (await begin(make)).run();
      running.clips.init(initSegment(1));
      running.film(0, 3_000);
      running.open("c1", 0, 2_500);
      await running.next("clip.grew", "c1");
      running.film(3_000, 4_500);
      await running.next("clip.grew", "c1", 2);
      if (end === "seam") running.clips.init(initSegment(2));
      else running.clips.end();
      const { closing } = await running.next("clip.closed", "c1");
      expect(closing.end).toBe(end);
      expect(expectContiguous(running.told("c1"))).toBe(closing.bytes);
    });

    it("lists a clip's segments, and knows which clips are gone", async () => {
      const running = await (await begin(make)).run();
      await record(running, "c1");
      running.clips.listSegments("c1", 1, 2);
      running.clips.listSegments("c1", 0, 1_000);
      running.clips.listSegments("never", 0, 10);
      await running.next("clip.segments", undefined, 3);
      const [some, every, none] = running.all("clip.segments");
      expect(every).toMatchObject({ gone: false, fromIndex: 0, segments: running.told("c1") });
      expect(some).toMatchObject({ gone: false, fromIndex: 1, segments: running.told("c1").slice(1, 3) });
      expect(none).toMatchObject({ clipId: "never", gone: true, segments: [] });
    });

    it("lists closed clips that are not uploaded, oldest first; marks may be repeated", async () => {
      const running = await (await begin(make)).run();
      await record(running, "c1");
      const second = await record(running, "c2");
      await record(running, "c3");
      running.clips.init(initSegment());
      running.film(0, 3_000);
      running.open("c4", 1_000, 2_500);
      await running.next("clip.grew", "c4");
      for (const _twice of [1, 2]) {
        running.clips.markAcked("c2", 2);
        running.clips.markAnnounced("c2");
        running.clips.markUploaded("c1");
        running.clips.markUploaded("never");
      }
      const has = async (wanted: (clip: ClipSummary) => boolean) => {
        for (;;) {
          const page = await running.listPending(1);
          if (page.clips[0] && wanted(page.clips[0])) return page;
        }
      };
      const { clips, total } = await has(
        (clip) => clip.clipId === "c2" && clip.ackedSegments === 2 && clip.announced,
      );
      expect(total).toBe(2);
      expect(clips).toEqual([
        {
          clipId: "c2",
          eventId: "c2-event",
          initBody: '{"of":"c2"}',
          recordedBytes: second.closing.bytes,
          segments: running.told("c2").length,
          closed: second.closing,
          ackedSegments: 2,
          announced: true,
        },
      ]);
      expect((await running.listPending()).clips.map(({ clipId }) => clipId)).toEqual(["c2", "c3"]);
    });

    it("finds a clip again that was being recorded: as interrupted, and nothing that was told is changed", async () => {
      const { run, kill } = await begin(make);
      const before = await run();
      before.clips.init(initSegment());
      before.film(0, 3_000);
      before.open("c1", 0, 2_500);
      before.film(3_000, 5_100);
      await before.next("clip.grew", "c1", 2);
      await kill();
      const told = before.told("c1");
      const after = await run();
      const { clips, total } = await after.listPending();
      expect(total).toBe(1);
      expect(clips[0]).toMatchObject({ clipId: "c1", initBody: '{"of":"c1"}', announced: false });
      const closing = clips[0]?.closed;
      expect(closing).toMatchObject({ end: "interrupted", preRollMs: 2_500 });
      after.clips.listSegments("c1", 0, 1_000);
      const { segments } = await after.next("clip.segments", "c1");
      expect(segments.slice(0, told.length)).toEqual(told);
      expect(expectContiguous(segments)).toBe(closing?.bytes);
    });

    it("keeps closed clips and their marks over a restart", async () => {
      const { run, kill } = await begin(make);
      const before = await run();
      const { closing } = await record(before, "c1");
      await record(before, "c2");
      before.clips.markAnnounced("c1");
      before.clips.markUploaded("c2");
      while ((await before.listPending()).total > 1);
      await kill();
      const after = await run();
      expect(await after.listPending()).toMatchObject({
        total: 1,
        clips: [{ clipId: "c1", closed: closing, announced: true }],
      });
    });

    it("gives up uploaded clips first and silently, then the oldest, and says which", async () => {
      const probe = await (await begin(make)).run();
      const { closing } = await record(probe, "size");
      const running = await (await begin(make, closing.bytes * 3.7)).run();
      for (const clipId of ["c1", "c2", "c3"]) await record(running, clipId);
      running.clips.markUploaded("c2");
      while ((await running.listPending()).total > 2);
      await record(running, "c4");
      expect(running.all("clip.evicted")).toEqual([]);
      await record(running, "c5");
      expect(await running.next("clip.evicted")).toMatchObject({
        clipId: "c1",
        eventId: "c1-event",
        bytes: closing.bytes,
        reason: "budget",
      });
      expect((await running.listPending()).clips.map(({ clipId }) => clipId)).toEqual(["c3", "c4", "c5"]);
      expect(await running.clips.read({ kind: "segment", clipId: "c1", index: 0 })).toBe("gone");
      expect(await running.clips.read({ kind: "segment", clipId: "c2", index: 0 })).toBe("gone");
    });

    it("posts nothing from within a call, and times in whole milliseconds that never go back", async () => {
      const running = await (await begin(make)).run();
      running.clips.init(initSegment());
      running.film(0, 3_000);
      const before = running.inputs.length;
      running.open("c1", 0, 2_500);
      running.clips.listSegments("never", 0, 10);
      running.clips.splitSegment({ clipId: "never", index: 0, partBytes: 100 });
      running.clips.listPending(10);
      running.film(3_000, 4_500);
      running.clips.closeClip("c1", 3_900);
      running.clips.markAcked("c1", 1);
      running.clips.markUploaded("c1");
      running.clips.markAnnounced("c1");
      running.clips.still("e1", new Uint8Array([1]));
      running.clips.forgetStill("e1");
      expect(running.inputs).toHaveLength(before);
      await running.next("clip.closed", "c1");
      expect(await running.next("clip.parts", "never")).toMatchObject({ index: 0, parts: [] });
      const times = running.inputs.map(({ occurredAt }) => occurredAt);
      expect(times.every(Number.isSafeInteger)).toBe(true);
      expect(times).toEqual(times.toSorted((one, other) => one - other));
    });

    it("records several clips at once, each with its own beginning and end", async () => {
      const running = await (await begin(make)).run();
      running.clips.init(initSegment());
      running.film(0, 3_000);
      running.open("c1", 0, 2_500);
      running.film(3_000, 5_000);
      running.open("c2", 3_500, 4_900);
      running.film(5_000, 6_500);
      const first = await running.close("c1", 6_500);
      running.film(7_100, 8_500);
      const second = await running.close("c2", 8_500);
      expect(first.closing).toMatchObject({ end: "finished", preRollMs: 2_500, fragments: 7 });
      expect(second.closing).toMatchObject({ end: "finished", preRollMs: 1_900, fragments: 6 });
      for (const { clipId, closing } of [first, second])
        expect(expectContiguous(running.told(clipId))).toBe(closing.bytes);
    });

    it("takes another end of a clip that has ended for nothing", async () => {
      const running = await (await begin(make)).run();
      await record(running, "c1");
      const { length } = running.inputs;
      running.clips.closeClip("c1", 5_500);
      running.film(6_000, 8_000);
      await running.listPending();
      expect(running.inputs.slice(length).map(({ type }) => type)).toEqual(["clip.pending"]);
    });

    it("refuses a clip of an id that is there already", async () => {
      const running = await (await begin(make)).run();
      const { closing } = await record(running, "c1");
      running.film(6_000, 9_000);
      running.open("c1", 6_000, 8_000);
      await running.next("clip.failed", "c1");
      expect((await running.listPending()).clips).toMatchObject([{ clipId: "c1", closed: closing }]);
    });

    it("tells in its first answer, and in that alone, what it had to put right", async () => {
      const { run, kill } = await begin(make);
      const before = await run();
      before.clips.init(initSegment());
      before.film(0, 3_000);
      before.open("c1", 0, 2_500);
      await before.next("clip.grew", "c1");
      await kill();
      const after = await run();
      expect((await after.listPending()).recovered).toEqual({ interrupted: 1, lost: 0, orphans: 0 });
      expect((await after.listPending()).recovered).toBeUndefined();
    });

    it("takes an end of a clip that it never recorded for a failure", async () => {
      const running = await (await begin(make)).run();
      running.clips.closeClip("never", 5_500);
      await running.next("clip.failed", "never");
    });

    it("begins with the fragment that is being filled, when that is the one asked for", async () => {
      const running = await (await begin(make)).run();
      running.clips.init(initSegment());
      running.film(0, 5_000);
      running.open("c1", 4_000, 4_900);
      running.film(5_000, 6_500);
      expect(await running.next("clip.opened", "c1")).toMatchObject({ preRollMs: 900 });
      expect((await running.close("c1", 6_500)).closing).toMatchObject({ preRollMs: 900, fragments: 3 });
    });

    it("posts nothing after stop; what was being recorded is found again", async () => {
      const { run, kill, until } = await begin(make);
      const before = await run();
      before.clips.init(initSegment());
      before.film(0, 3_000);
      before.open("c1", 0, 2_500);
      await before.next("clip.grew", "c1");
      const { length } = before.inputs;
      let stopped = false;
      void before.clips.stop().then(() => {
        stopped = true;
      });
      await until(() => stopped);
      expect(before.inputs).toHaveLength(length);
      await kill();
      const after = await run();
      const { clips } = await after.listPending();
      expect(clips).toMatchObject([{ clipId: "c1", closed: { end: "interrupted" } }]);
    });

    it("answers `gone` for what it never had, and for a still that was forgotten", async () => {
      const running = await (await begin(make)).run();
      running.clips.still("e1", new Uint8Array([0xff, 0xd8, 1]));
      expect(await running.clips.read({ kind: "still", eventId: "e1" })).toEqual(
        new Uint8Array([0xff, 0xd8, 1]),
      );
      running.clips.forgetStill("e1");
      expect(await running.clips.read({ kind: "still", eventId: "e1" })).toBe("gone");
      expect(await running.clips.read({ kind: "segment", clipId: "c1", index: 0 })).toBe("gone");
      await record(running, "c1");
      const index = running.told("c1").length;
      expect(await running.clips.read({ kind: "segment", clipId: "c1", index })).toBe("gone");
    });
  });
}

/** What a store of real bytes promises besides. */
export function fragmentBytesSuite(name: string, make: Make): void {
  describe(`fragment store's bytes: ${name}`, () => {
    let worldOf: Awaited<ReturnType<typeof begin>>;
    beforeEach(async () => {
      worldOf = await begin(make);
    });

    async function bytesOf(
      { clips }: Running,
      clipId: string,
      segments: SegmentHandle[],
    ): Promise<Uint8Array> {
      const read = [];
      for (const { index, bytes, sha256: hash } of segments) {
        const data = await clips.read({ kind: "segment", clipId, index });
        if (data === "gone") throw new Error(`segment ${index} is gone`);
        expect([data.length, sha256(data)]).toEqual([bytes, hash]);
        read.push(data);
      }
      return Buffer.concat(read);
    }

    it("are those of the hashes, segment by segment and whole", async () => {
      const running = await worldOf.run();
      const { closing } = await record(running, "c1");
      expect(sha256(await bytesOf(running, "c1", running.told("c1")))).toBe(closing.sha256);
    });

    it("are the same after a restart, when nothing of them is in memory", async () => {
      const before = await worldOf.run();
      const { closing } = await record(before, "c1");
      before.clips.still("e1", new Uint8Array([1, 2, 3]));
      // Requests are done in their order: when this one is answered, the still is on disk.
      await before.listPending();
      await worldOf.kill();
      const after = await worldOf.run();
      expect(sha256(await bytesOf(after, "c1", before.told("c1")))).toBe(closing.sha256);
      expect(await after.clips.read({ kind: "still", eventId: "e1" })).toEqual(new Uint8Array([1, 2, 3]));
    });

    it("of an interrupted clip are a file of their own hash, which begins with what was told", async () => {
      const before = await worldOf.run();
      before.clips.init(initSegment());
      before.film(0, 3_000);
      before.open("c1", 0, 2_500);
      await before.next("clip.grew", "c1");
      const told = await bytesOf(before, "c1", before.told("c1"));
      await worldOf.kill();
      const after = await worldOf.run();
      const [clip] = (await after.listPending()).clips;
      after.clips.listSegments("c1", 0, 1_000);
      const { segments } = await after.next("clip.segments", "c1");
      const file = await bytesOf(after, "c1", segments);
      expect(sha256(file)).toBe(clip?.closed?.sha256);
      expect(Buffer.compare(file.subarray(0, told.length), told)).toBe(0);
    });

    it("go into files by ids that can be nothing else", async () => {
      const running = await worldOf.run();
      await expect(running.clips.read({ kind: "still", eventId: "../e1" })).rejects.toThrow(TypeError);
    });
  });
}
