import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, truncateSync, unlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { beforeEach, expect, it, onTestFinished } from "vitest";
import type { SegmentHandle } from "../../device/ports/fragment-store.ts";
import { initSegment, pictures } from "../fixtures/mp4.ts";
import { roomy, StorageProcess } from "../fixtures/storage-process.ts";
import { until } from "../fixtures/until.ts";

// A killed process loses what it had not given to the kernel, and nothing else: this is about what recovery does
// with a half-made clip. It is no test of a power cut, in which the kernel's own memory goes as well.

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "porchlight-kill-"));
  const made = folder;
  onTestFinished(() => rmSync(made, { recursive: true }));
});

async function boot() {
  const storage = await StorageProcess.start(roomy(folder));
  onTestFinished(() => storage.kill());
  storage.clips.start(() => {});
  return storage;
}

async function pending(storage: StorageProcess) {
  const answer = () => storage.inputs.find((input) => input.type === "clip.pending");
  storage.clips.listPending(100);
  await until(() => answer() !== undefined, "clip.pending");
  const found = answer();
  if (found?.type !== "clip.pending") throw new Error("no answer");
  return found;
}

/** Begins to record `clipId` and films on until killed. */
async function recording(storage: StorageProcess, clipId: string, untilMs: number): Promise<void> {
  const { clips } = storage;
  clips.init(initSegment());
  for (const pair of pictures(0, 4_100, 3_000)) clips.pair(pair);
  clips.openClip({
    clipId,
    eventId: "e1",
    fromMs: 0,
    eventAtMs: 4_000,
    segmentBytes: 8_192,
    initBody: "{}",
    manifest: { deviceId: "front-door" },
  });
  for (const pair of pictures(4_100, untilMs, 3_000)) clips.pair(pair);
}

it("whenever the process is killed, a clip is found whole up to what was told, and is a valid archive", async () => {
  const told = new Map<string, SegmentHandle[]>();
  for (let round = 0; round < 6; round++) {
    const clipId = `c${round}`;
    const storage = await boot();
    await recording(storage, clipId, 60_000);
    const grew = () =>
      storage.inputs.flatMap((i) => (i.type === "clip.grew" && i.clipId === clipId ? i.segments : []));
    await until(() => grew().length > 0, "clip.grew");
    await pause(round * 4);
    await storage.kill();
    told.set(clipId, grew());
  }
  const { clips } = await pending(await boot());
  expect(clips.map(({ clipId }) => clipId)).toEqual([...told.keys()]);
  for (const { clipId, closed } of clips) {
    const file = readFileSync(join(folder, "clips", `${clipId}.tar`));
    expect(createHash("sha256").update(file).digest("hex")).toBe(closed?.sha256);
    for (const { offset, bytes, sha256 } of told.get(clipId) ?? []) {
      expect(
        createHash("sha256")
          .update(file.subarray(offset, offset + bytes))
          .digest("hex"),
      ).toBe(sha256);
    }
    const names = execFileSync("tar", ["tf", "-"], { input: file, encoding: "utf8" }).trim().split("\n");
    expect([names[0], names.at(-1), names.length]).toEqual([
      "init.mp4",
      "manifest.json",
      (closed?.fragments ?? 0) + 2,
    ]);
    const manifest: unknown = JSON.parse(
      execFileSync("tar", ["xOf", "-", "manifest.json"], { input: file, encoding: "utf8" }),
    );
    expect(manifest).toMatchObject({ clipId, end: "interrupted", durationMs: closed?.durationMs });
    expect(manifest).toHaveProperty("files.length", names.length - 1);
  }
});

it("bytes that nobody was told of are cut off", async () => {
  const storage = await boot();
  await recording(storage, "c1", 4_100);
  await until(() => storage.inputs.some(({ type }) => type === "clip.grew"), "clip.grew");
  await storage.kill();
  const path = join(folder, "clips", "c1.tar");
  writeFileSync(path, "half of a fragment that was being written", { flag: "a" });
  const { clips, recovered } = await pending(await boot());
  expect(recovered).toEqual({ interrupted: 1, lost: 0, orphans: 0 });
  expect(createHash("sha256").update(readFileSync(path)).digest("hex")).toBe(clips[0]?.closed?.sha256);
});

it("clips without their bytes and files without a clip are removed, and told", async () => {
  const storage = await boot();
  for (const clipId of ["c1", "c2", "c3"]) {
    await recording(storage, clipId, 4_100);
    storage.clips.closeClip(clipId, 4_100);
    await until(
      () => storage.inputs.some((i) => i.type === "clip.closed" && i.clipId === clipId),
      "clip.closed",
    );
  }
  await storage.kill();
  unlinkSync(join(folder, "clips", "c1.tar"));
  truncateSync(join(folder, "clips", "c2.tar"), 1_000);
  writeFileSync(join(folder, "clips", "c9.tar"), "of no clip");
  const after = await boot();
  const { clips, total, recovered } = await pending(after);
  expect([clips.map(({ clipId }) => clipId), total]).toEqual([["c3"], 1]);
  expect(recovered).toEqual({ interrupted: 0, lost: 2, orphans: 1 });
  const evicted = after.inputs.filter((input) => input.type === "clip.evicted");
  expect(evicted).toMatchObject([
    { clipId: "c1", eventId: "e1", reason: "lost" },
    { clipId: "c2", eventId: "e1", reason: "lost" },
  ]);
});
