import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { initSegment } from "../fixtures/mp4.ts";
import { roomy } from "../fixtures/storage-process.ts";
import { fill, mountTmpfs, newFolder, opened, press } from "../fixtures/storage-run.ts";

type Opened = Awaited<ReturnType<typeof opened>>;
const isRoot = process.getuid?.() === 0;
const RESERVE_BYTES = 2_097_152;

let folder = "";
beforeEach(() => {
  folder = newFolder();
});

const reserveBytes = () => statSync(join(folder, "reserve")).size;
const clipFiles = () => readdirSync(join(folder, "clips")).sort();

/** Records whole clips of some 300 kB. */
async function record({ clips, film, openClip, next }: Opened, ids: string[]): Promise<void> {
  clips.init(initSegment());
  film(0, 4_100, 8_000);
  for (const [at, clipId] of ids.entries()) {
    openClip(clipId);
    await next("clip.opened", at + 1);
    clips.closeClip(clipId, 4_100);
    await next("clip.closed", at + 1);
  }
}

/** Everything asked of the clips so far is done, and what it gave. */
async function pending({ clips, all, next }: Opened) {
  const before = all("clip.pending").length;
  clips.listPending(100);
  return (await next("clip.pending", before + 1)).clips.map(({ clipId }) => clipId);
}

describe.runIf(isRoot)("on a disk without a free byte", () => {
  it("clips go before messages: uploaded ones in silence, then the oldest, each told", async () => {
    mountTmpfs(folder, "size=3m");
    const run = await opened(roomy(folder));
    const { store, clips, all, next } = run;
    await record(run, ["c1", "c2", "c3", "c4"]);
    clips.markUploaded("c3");
    expect(await pending(run)).toEqual(["c1", "c2", "c4"]);
    fill(folder);
    // Far more than SQLite's log has room for.
    for (let sequence = 1; sequence <= 60; sequence += 1) store.append(press(sequence, 4_000));
    await next("store.appended", 60);
    expect(clipFiles()).not.toContain("c3.tar");
    expect(all("clip.evicted").map(({ clipId }) => clipId)).not.toContain("c3");
    for (let sequence = 61; sequence <= 400; sequence += 1) store.append(press(sequence, 4_000));
    await next("clip.evicted", 3);
    expect(all("clip.evicted")).toMatchObject([
      { clipId: "c1", eventId: "c1-e", reason: "disk-full" },
      { clipId: "c2", reason: "disk-full" },
      { clipId: "c4", reason: "disk-full" },
    ]);
    const first = await next("store.append-failed");
    expect(first).toMatchObject({ fault: "full" });
    // A message is refused only when no clip is left.
    expect(first.sequence).toBeGreaterThan(all("store.appended").length - 1);
    expect(clipFiles()).toEqual([]);
    expect(await clips.read({ kind: "segment", clipId: "c1", index: 0 })).toBe("gone");
  });

  it("a clip that grows takes the room of the oldest, and goes on on the disk", async () => {
    mountTmpfs(folder, "size=3m");
    const run = await opened(roomy(folder));
    const { clips, all, next, openClip, film } = run;
    await record(run, ["c1", "c2"]);
    openClip("c3");
    await next("clip.opened", 3);
    fill(folder);
    film(4_100, 6_100, 8_000);
    await next("clip.grew", 5);
    expect(all("clip.evicted")).toMatchObject([{ clipId: "c1", reason: "disk-full" }]);
    expect(all("clip.spool-fault")).toEqual([]);
    expect(clipFiles()).toEqual(["c2.tar", "c3.tar"]);
    clips.closeClip("c3", 6_100);
    expect(await next("clip.closed", 3)).toMatchObject({ closing: { end: "finished" } });
  });

  it("what is delivered is forgotten, however much that is, and nothing else takes the room for it", async () => {
    mountTmpfs(folder, "size=16m");
    const run = await opened(roomy(folder));
    const { store, clips, all, next, openClip } = run;
    await pending(run);
    expect(reserveBytes()).toBe(RESERVE_BYTES);
    for (let sequence = 1; sequence <= 600; sequence += 1) store.append(press(sequence, 1_000));
    await next("store.appended", 600);
    const freeUp = fill(folder);
    for (let sequence = 1; sequence <= 500; sequence += 1) {
      store.settle([{ epoch: press(1).epoch, lane: "press", from: sequence, to: sequence }]);
      for (const more of [1, 2, 3]) store.append(press(more * 1_000 + sequence, 4_000));
      // One transaction each, as acknowledgements come.
      store.page("press", null, 0);
      if (sequence % 10 === 0) await next("store.page", sequence);
    }
    await next("store.page", 500);
    expect(all("store.failed")).toEqual([]);
    expect(reserveBytes()).toBe(0);
    const refused = all("store.append-failed");
    expect(refused.length).toBeGreaterThan(0);
    for (const { fault } of refused) expect(fault).toBe("full");
    freeUp();
    store.append(press(5_000));
    await next("store.appended", 600 + 1_500 - refused.length + 1);
    // Looking after the clips' ages is the moment at which it is made whole again.
    clips.init(initSegment());
    run.film(0, 1_100);
    openClip("c1");
    await next("clip.opened");
    expect(reserveBytes()).toBe(RESERVE_BYTES);
  });

  it("an upload is known to be over, also after the next start", async () => {
    mountTmpfs(folder, "size=8m");
    const before = await opened(roomy(folder));
    await record(before, ["c1", "c2"]);
    fill(folder);
    before.clips.markUploaded("c1");
    before.clips.markAnnounced("c2");
    expect(await pending(before)).toEqual(["c2"]);
    await before.storage.kill();
    const after = await opened(roomy(folder));
    expect(after.all("store.unavailable")).toEqual([]);
    after.clips.listPending(10);
    expect(await after.next("clip.pending")).toMatchObject({ clips: [{ clipId: "c2", announced: true }] });
  });

  it("an agent starts, and puts a clip right that a power cut left, at the cost of the oldest", async () => {
    mountTmpfs(folder, "size=3m");
    const before = await opened(roomy(folder));
    await record(before, ["c1", "c2"]);
    before.openClip("c3");
    await before.next("clip.opened", 3);
    await before.storage.kill();
    fill(folder);
    const after = await opened(roomy(folder));
    expect(await pending(after)).toEqual(["c2", "c3"]);
    expect(after.all("clip.evicted")).toMatchObject([{ clipId: "c1", reason: "disk-full" }]);
    expect(after.all("clip.pending")[0]).toMatchObject({ recovered: { interrupted: 1, lost: 0 } });
  });
});

describe("the spool's bound", () => {
  it("lowered between two starts holds at once: the oldest clips go, each told", async () => {
    const before = await opened(roomy(folder));
    await record(before, ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9", "c10"]);
    before.clips.markUploaded("c9");
    await pending(before);
    await before.storage.kill();
    const [one = ""] = clipFiles();
    const { size } = statSync(join(folder, "clips", one));
    const after = await opened({ ...roomy(folder), spool: { maxBytes: size * 1.5, maxAgeMs: 86_400_000 } });
    expect(await pending(after)).toEqual(["c10"]);
    expect(after.all("clip.evicted").map(({ clipId, reason }) => `${clipId} ${reason}`)).toEqual(
      ["c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"].map((clipId) => `${clipId} budget`),
    );
  });
});
