import { describe, expect, it } from "vitest";
import { initSegment } from "../fixtures/mp4.ts";
import { begin, expectContiguous, type Make, type Running, record } from "./fragment-store-run.ts";

let requests = 0;

async function list({ clips, next }: Running, before: string | null, limit = 100) {
  const request = ++requests;
  clips.listClips({ request, before, limit });
  return next("clip.listed", undefined, request);
}

/** What every implementation of `FragmentStore` does with single clips when somebody asks. */
export function fragmentWishesSuite(name: string, make: Make): void {
  describe(`fragment store's clips, as somebody wishes: ${name}`, () => {
    async function running(...clipIds: string[]) {
      requests = 0;
      const world = await begin(make);
      const one = await world.run();
      for (const clipId of clipIds) await record(one, clipId);
      return { ...world, one };
    }

    it("lists them newest first, page by page, those that are being recorded too", async () => {
      const { one } = await running("c1", "c2", "c3");
      one.clips.markUploaded("c2");
      one.clips.init(initSegment());
      one.film(0, 3_000);
      one.open("c4", 1_000, 2_500);
      await one.next("clip.grew", "c4");
      const all = await list(one, null);
      expect(all).toMatchObject({ more: false, found: true });
      expect(all.clips.map((clip) => [clip.clipId, clip.uploaded, clip.closed?.end ?? null])).toEqual([
        ["c4", false, null],
        ["c3", false, "finished"],
        ["c2", true, "finished"],
        ["c1", false, "finished"],
      ]);
      expect(all.clips[1]).toMatchObject({ eventId: "c3-event", initBody: '{"of":"c3"}' });
      expect(all.clips[1]?.recordedBytes).toBe(all.clips[1]?.closed?.bytes);
      const page = await list(one, "c4", 2);
      expect([page.clips.map(({ clipId }) => clipId), page.more]).toEqual([["c3", "c2"], true]);
      const last = await list(one, "c2", 2);
      expect([last.clips.map(({ clipId }) => clipId), last.more]).toEqual([["c1"], false]);
      expect(await list(one, "c1")).toMatchObject({ clips: [], more: false, found: true });
      expect(await list(one, "never")).toMatchObject({ clips: [], more: false, found: false });
    });

    it("lets one be uploaded again from its first segment on, also after a restart", async () => {
      const { one, run, kill } = await running("c1", "c2");
      const [segments] = [one.told("c1")];
      one.clips.markAcked("c1", segments.length);
      one.clips.markUploaded("c1");
      while ((await one.listPending()).total > 1);
      one.clips.markAcked("c1", segments.length);
      one.clips.requeueClip({ request: 7, clipId: "c1" });
      const answer = await one.next("clip.requeued", "c1");
      const { closing } = await one.next("clip.closed", "c1");
      const { bytes, sha256 } = closing;
      expect(answer).toMatchObject({ request: 7, outcome: "done", bytes, sha256 });
      await kill();
      const after = await run();
      const { clips } = await after.listPending();
      expect(clips.map((clip) => [clip.clipId, clip.ackedSegments])).toEqual([
        ["c1", 0],
        ["c2", 0],
      ]);
      after.clips.listSegments("c1", 0, 1_000);
      expect(expectContiguous((await after.next("clip.segments", "c1")).segments)).toBe(bytes);
    });

    it("deletes one for good, uploaded or not, and nothing else", async () => {
      const { one, run, kill } = await running("c1", "c2", "c3");
      one.clips.markUploaded("c1");
      one.clips.deleteClip({ request: 1, clipId: "c1" });
      one.clips.deleteClip({ request: 2, clipId: "c2" });
      const { closing } = await one.next("clip.closed", "c2");
      const done = { outcome: "done", eventId: "c2-event", bytes: closing.bytes, uploaded: false };
      expect(await one.next("clip.deleted", "c1")).toMatchObject({ request: 1, uploaded: true });
      expect(await one.next("clip.deleted", "c2")).toMatchObject({ request: 2, ...done });
      expect(await one.clips.read({ kind: "segment", clipId: "c2", index: 0 })).toBe("gone");
      one.clips.listSegments("c2", 0, 10);
      expect(await one.next("clip.segments", "c2")).toMatchObject({ gone: true });
      expect(one.all("clip.evicted")).toEqual([]);
      await kill();
      requests = 0;
      const after = await run();
      expect((await list(after, null)).clips.map(({ clipId }) => clipId)).toEqual(["c3"]);
    });

    it("says what it cannot do: with what is not there, and with what is being recorded", async () => {
      const { one } = await running();
      one.clips.init(initSegment());
      one.film(0, 3_000);
      one.open("c1", 1_000, 2_500);
      await one.next("clip.grew", "c1");
      for (const clipId of ["c1", "never"]) {
        one.clips.requeueClip({ request: 1, clipId });
        one.clips.deleteClip({ request: 2, clipId });
      }
      const outcomes = async (clipId: string) => [
        (await one.next("clip.requeued", clipId)).outcome,
        (await one.next("clip.deleted", clipId)).outcome,
      ];
      expect(await outcomes("c1")).toEqual(["recording", "recording"]);
      expect(await outcomes("never")).toEqual(["not-found", "not-found"]);
      one.film(3_000, 4_500);
      expect((await one.close("c1", 4_500)).closing.end).toBe("finished");
    });
  });
}
