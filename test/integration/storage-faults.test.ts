import { chmodSync, existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { beforeEach, describe, expect, it } from "vitest";
import { initSegment } from "../fixtures/mp4.ts";
import { roomy } from "../fixtures/storage-process.ts";
import { EPOCH, fill, mountTmpfs, newFolder, opened, press } from "../fixtures/storage-run.ts";

const isRoot = process.getuid?.() === 0;

let folder = "";
beforeEach(() => {
  folder = newFolder();
});

describe("one agent a folder", () => {
  it("refuses the second, until the first was killed", async () => {
    const first = await opened(roomy(folder));
    await first.next("store.opened");
    const second = await opened(roomy(folder));
    expect(await second.next("store.unavailable")).toMatchObject({
      fault: "locked",
      detail: "another agent uses this data folder",
    });
    expect(await second.next("clip.spool-fault")).toMatchObject({ fault: "locked" });
    second.store.append(press(1));
    expect(await second.next("store.append-failed")).toMatchObject({ fault: "locked" });
    second.clips.still("e1", new Uint8Array([1]));
    second.clips.listPending(1);
    await second.next("clip.pending");
    expect(existsSync(join(folder, "stills"))).toBe(false);
    await first.storage.kill();
    second.store.open(EPOCH, 0);
    expect(await second.next("store.opened")).toMatchObject({ epochNumber: 1 });
  });
});

describe("a database that cannot be read", () => {
  it("is set aside with its clips, never deleted, and a new one begun", async () => {
    mkdirSync(join(folder, "clips"));
    writeFileSync(join(folder, "clips", "c1.tar"), "a clip");
    writeFileSync(join(folder, "porchlight.db"), "this is no database ".repeat(500));
    const { next, store } = await opened(roomy(folder));
    const aside = join(folder, "set-aside", "1");
    expect(await next("store.opened")).toMatchObject({ epochNumber: 1, setAside: aside });
    expect(readdirSync(aside).sort()).toEqual(["clips", "porchlight.db", "untold"]);
    expect(readdirSync(join(aside, "clips"))).toEqual(["c1.tar"]);
    store.append(press(1));
    await next("store.appended");
    store.setAsideTold();
    store.page("press", null, 1);
    await next("store.page");
    expect(readdirSync(aside).sort()).toEqual(["clips", "porchlight.db"]);
  });

  it("is told of though the process ended while it was being set aside", async () => {
    // As far as it had come: its place is there, and marked; the rest is still where it was.
    mkdirSync(join(folder, "set-aside", "1"), { recursive: true });
    writeFileSync(join(folder, "set-aside", "1", "untold"), "");
    const { next } = await opened(roomy(folder));
    expect(await next("store.opened")).toMatchObject({ setAside: join(folder, "set-aside", "1") });
  });

  it("is refused in words when it is of a newer version", async () => {
    const database = new Database(join(folder, "porchlight.db"));
    database.pragma("user_version = 7");
    database.close();
    const { next } = await opened(roomy(folder));
    expect(await next("store.unavailable")).toMatchObject({
      fault: "io",
      detail: expect.stringMatching(/schema 7; this one knows 1/),
    });
    expect(existsSync(join(folder, "set-aside"))).toBe(false);
  });
});

describe("a folder that cannot be made", () => {
  it("is told in one line", async () => {
    writeFileSync(join(folder, "file"), "");
    const { next } = await opened(roomy(join(folder, "file", "data")));
    expect(await next("store.unavailable")).toMatchObject({
      fault: "io",
      detail: expect.stringMatching(/^data folder [^\n]+$/),
    });
  });

  // Root is not bound by modes; what it can be refused is below.
  if (!isRoot) {
    it("is told as read-only by its mode", async () => {
      chmodSync(folder, 0o500);
      const { next } = await opened(roomy(folder));
      expect(await next("store.unavailable")).toMatchObject({ fault: "read-only" });
    });
  }
});

describe.runIf(isRoot)("a file system", () => {
  it.each(["empty", "with a store in it"])(
    "that is read-only, %s, is said once; clips are recorded in memory",
    async (kind) => {
      const remount = mountTmpfs(folder, "size=8m");
      if (kind !== "empty") {
        const before = await opened(roomy(folder));
        await before.next("store.opened");
        await before.storage.kill();
      }
      remount("ro");
      const { storage, store, clips, next, openClip, film } = await opened(roomy(folder));
      expect(await next("store.unavailable")).toMatchObject({ fault: "read-only" });
      store.append(press(1));
      store.page("press", null, 1);
      store.settle([]);
      expect(await next("store.append-failed")).toMatchObject({ sequence: 1, fault: "read-only" });
      expect(await next("store.failed", 2)).toMatchObject({
        operation: "settle",
        fault: "read-only",
      });
      clips.init(initSegment());
      film(0, 4_100);
      openClip("c1");
      await next("clip.opened");
      clips.closeClip("c1", 4_100);
      expect(await next("clip.closed")).toMatchObject({ closing: { end: "finished" } });
      clips.listPending(5);
      expect(await next("clip.pending")).toMatchObject({
        total: 1,
        clips: [{ clipId: "c1", announced: false }],
      });
      expect(await clips.read({ kind: "segment", clipId: "c1", index: 0 })).toBeInstanceOf(Uint8Array);
      expect(storage.inputs.filter(({ type }) => type === "clip.spool-fault")).toHaveLength(1);
    },
  );

  it("that fills up fails appends, and takes them again when there is room", async () => {
    mountTmpfs(folder, "size=2m");
    const { store, next } = await opened(roomy(folder));
    await next("store.opened");
    store.append(press(1));
    await next("store.appended");
    const freeUp = fill(folder);
    store.append(press(2, 4_000));
    store.append(press(3, 4_000));
    expect(await next("store.append-failed")).toMatchObject({ sequence: 2, fault: "full" });
    expect(await next("store.append-failed", 2)).toMatchObject({ sequence: 3, fault: "full" });
    freeUp();
    store.append(press(2, 4_000));
    expect(await next("store.appended", 2)).toMatchObject({ sequence: 2 });
    store.settle([]);
    expect(await next("store.settled")).toMatchObject({ totals: { press: { rows: 2, bytes: 4_100 } } });
  });

  it("that fills up while a clip is recorded lets it go on in memory, whole", async () => {
    mountTmpfs(folder, "size=4m");
    const { storage, clips, next, openClip, film } = await opened(roomy(folder));
    clips.init(initSegment());
    film(0, 4_100, 2_000);
    openClip("c1");
    await next("clip.grew");
    const freeUp = fill(folder);
    film(4_100, 6_100, 20_000);
    expect(await next("clip.spool-fault")).toMatchObject({ fault: "full" });
    await next("clip.grew", 3);
    clips.closeClip("c1", 6_100);
    expect(await next("clip.closed")).toMatchObject({ closing: { end: "finished", fragments: 7 } });
    clips.listSegments("c1", 0, 1_000);
    const listed = await next("clip.segments");
    const told = storage.inputs.flatMap((i) =>
      i.type === "clip.grew" || i.type === "clip.closed" ? i.segments : [],
    );
    expect(listed.segments).toEqual(told);
    for (const { index, bytes } of told) {
      expect(await clips.read({ kind: "segment", clipId: "c1", index })).toHaveLength(bytes);
    }
    // Nothing of it is left that a later start could send with another content.
    expect(readdirSync(join(folder, "clips"))).toEqual([]);
    freeUp();
    openClip("c2");
    await next("clip.opened", 2);
    expect(readdirSync(join(folder, "clips"))).toEqual(["c2.tar"]);
  });
});

describe("the spool's bounds", () => {
  it("close a clip that alone is larger, with what fits", async () => {
    const { clips, next, openClip, film, storage } = await opened({
      ...roomy(folder),
      spool: { maxBytes: 300_000, maxAgeMs: 86_400_000 },
    });
    clips.init(initSegment());
    film(0, 4_100);
    openClip("c1");
    await next("clip.opened");
    film(4_100, 9_100, 10_000);
    const closed = await next("clip.closed");
    expect(closed).toMatchObject({ closing: { end: "store-failed" } });
    expect(closed.closing.bytes).toBeLessThanOrEqual(300_000);
    clips.listPending(5);
    expect(await next("clip.pending")).toMatchObject({ total: 1 });
    expect(storage.inputs.some(({ type }) => type === "clip.evicted")).toBe(false);
  });

  it("remove clips by age once the time is known, and not before", async () => {
    const { clips, next, openClip, film, storage } = await opened({
      ...roomy(folder),
      spool: { maxBytes: 100_000_000, maxAgeMs: 60_000 },
    });
    const record = async (clipId: string, nth: number) => {
      openClip(clipId);
      await next("clip.opened", nth);
      clips.closeClip(clipId, 4_100);
      await next("clip.closed", nth);
    };
    clips.init(initSegment());
    film(0, 4_100);
    storage.setClock({ utcMs: 1_000, trust: "estimated" });
    await record("c1", 1);
    storage.setClock({ monotonicMs: 50_000, utcMs: 900_000_000_000 });
    await record("c2", 2);
    storage.setClock({ monotonicMs: 59_000, utcMs: 1_800_000_000_000, trust: "synced" });
    await record("c3", 3);
    expect(storage.inputs.some(({ type }) => type === "clip.evicted")).toBe(false);
    storage.setClock({ monotonicMs: 61_000, utcMs: 1_800_000_002_000 });
    await record("c4", 4);
    expect(await next("clip.evicted")).toMatchObject({ clipId: "c1", reason: "age" });
    clips.listPending(5);
    expect(await next("clip.pending")).toMatchObject({ total: 3 });
  });

  it("hold so many stills, and the oldest go", async () => {
    const { clips, next } = await opened(roomy(folder));
    for (let n = 0; n < 70; n++) clips.still(`e${n}`, new Uint8Array([n]));
    clips.listPending(1);
    await next("clip.pending");
    const names = readdirSync(join(folder, "stills"));
    expect(names).toHaveLength(64);
    expect(names).not.toContain("e5.jpg");
    expect(names).toContain("e6.jpg");
  });
});
