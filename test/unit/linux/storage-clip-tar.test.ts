import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "typebox/value";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CLIP_FILES, ClipManifest } from "../../../agent/contract/messages.ts";
import { ClipTar, plainEntry } from "../../../device/linux/storage/clip-tar.ts";

const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");
const FACTS = {
  clipId: "c1",
  eventId: "e1",
  end: "finished" as const,
  preRollMs: 4_100,
  durationMs: 9_000,
  about: { deviceId: "front-door", pressUtcMs: 1_800_000_000_000, nothing: null },
};
const INIT = Buffer.from("the init segment");
// One whole block, one byte more, and one that is larger than a stream's buffer.
const FRAGMENTS = [Buffer.alloc(512, 1), Buffer.alloc(513, 2), Buffer.alloc(300_000, 3)];

async function archive(encode = plainEntry): Promise<Buffer> {
  const tar = new ClipTar({ sha256, encode });
  const pieces = [...(await tar.init(INIT))];
  for (const fragment of FRAGMENTS) pieces.push(...(await tar.fragment(fragment)));
  pieces.push(...(await tar.end(FACTS)));
  return Buffer.concat(pieces);
}

describe("a clip's file", () => {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "porchlight-tar-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("is unpacked by tar without a word; init and fragments, joined, are what was recorded", async () => {
    writeFileSync(join(folder, "clip.tar"), await archive());
    const said = execFileSync("sh", ["-c", "tar xf clip.tar 2>&1"], { cwd: folder, encoding: "utf8" });
    expect(said).toBe("");
    const names = [CLIP_FILES.init, ...FRAGMENTS.map((_, index) => CLIP_FILES.fragment(index + 1))];
    expect(readdirSync(folder).sort()).toEqual([...names, CLIP_FILES.manifest, "clip.tar"].sort());
    const joined = Buffer.concat(names.map((name) => readFileSync(join(folder, name))));
    expect(Buffer.compare(joined, Buffer.concat([INIT, ...FRAGMENTS]))).toBe(0);
    expect(statSync(join(folder, CLIP_FILES.init)).mode & 0o077).toBe(0);
  });

  it("ends with a manifest as the contract has it, and the end of the archive", async () => {
    const tar = await archive();
    expect(tar.length % 512).toBe(0);
    expect(tar.subarray(-1_024).every((byte) => byte === 0)).toBe(true);
    writeFileSync(join(folder, "clip.tar"), tar);
    const manifest: unknown = JSON.parse(
      execFileSync("tar", ["xOf", "clip.tar", CLIP_FILES.manifest], { cwd: folder, encoding: "utf8" }),
    );
    expect([...Value.Errors(ClipManifest, manifest)]).toEqual([]);
    expect(manifest).toMatchObject({ version: 1, ...FACTS });
    expect(manifest).toHaveProperty(
      "files",
      [INIT, ...FRAGMENTS].map((data, index) => ({
        name: index === 0 ? CLIP_FILES.init : CLIP_FILES.fragment(index),
        bytes: data.length,
        sha256: sha256(data),
      })),
    );
  });

  it("is the same for the same files", async () => {
    expect(sha256(await archive())).toBe(sha256(await archive()));
  });

  it("goes on where another maker of it stopped", async () => {
    const whole = await archive();
    const first = new ClipTar({ sha256, encode: plainEntry });
    const pieces = [...(await first.init(INIT)), ...(await first.fragment(FRAGMENTS[0] ?? INIT))];
    const second = new ClipTar({ sha256, encode: plainEntry, files: first.files });
    for (const fragment of FRAGMENTS.slice(1)) pieces.push(...(await second.fragment(fragment)));
    pieces.push(...(await second.end(FACTS)));
    expect(Buffer.compare(Buffer.concat(pieces), whole)).toBe(0);
  });

  it("stores what its encoder makes of a file, and says so in the manifest", async () => {
    const tar = await archive(async (name, data) => ({
      name: `${name}.sealed`,
      data: data.map((byte) => byte ^ 0xff),
    }));
    writeFileSync(join(folder, "clip.tar"), tar);
    const listed = execFileSync("tar", ["tf", "clip.tar"], { cwd: folder, encoding: "utf8" });
    expect(listed.split("\n")[0]).toBe("init.mp4.sealed");
    const stored = execFileSync("tar", ["xOf", "clip.tar", "init.mp4.sealed"], { cwd: folder });
    expect(
      Buffer.compare(
        stored.map((byte) => byte ^ 0xff),
        INIT,
      ),
    ).toBe(0);
  });
});
