import { createHash } from "node:crypto";
import type { ClipsRecovered } from "../../ports/fragment-store.ts";
import { ClipBuilder } from "./clip-builder.ts";
import { FileBytes } from "./clip-bytes.ts";
import type { ClipShelf } from "./clip-shelf.ts";
import type { ClipRow } from "./clip-table.ts";
import { StorageFault } from "./faults.ts";

const READ_BYTES = 1_048_576;

/**
 * Puts right what a process left that was killed: a clip that was being recorded is cut back to what is known
 * of it (a whole number of files, and all that was ever sent), and closed as `interrupted`; clips without
 * their bytes and files without a clip are removed. Repeating it is safe.
 */
export async function recoverClips(
  shelf: ClipShelf,
  files: FileBytes,
): Promise<{ recovered: ClipsRecovered; lost: ClipRow[] }> {
  const lost: ClipRow[] = [];
  const kept = new Set<string>();
  let interrupted = 0;
  for (const row of shelf.table.all()) {
    const size = await files.size(row.clipId);
    if (size === null || size < row.recordedBytes) {
      await shelf.remove(row.clipId);
      lost.push(row);
      continue;
    }
    kept.add(FileBytes.nameOf(row.clipId));
    if (row.end !== null) continue;
    await closeInterrupted(shelf, files, row);
    interrupted += 1;
  }
  const orphans = (await files.names()).filter((name) => !kept.has(name));
  for (const name of orphans) await files.removeName(name);
  return { recovered: { interrupted, lost: lost.length, orphans: orphans.length }, lost };
}

async function closeInterrupted(shelf: ClipShelf, files: FileBytes, row: ClipRow): Promise<void> {
  await files.truncate(row.clipId, row.recordedBytes);
  const sha256 = createHash("sha256");
  for (let at = 0; at < row.recordedBytes; at += READ_BYTES) {
    const bytes = await files.read(row.clipId, at, Math.min(READ_BYTES, row.recordedBytes - at));
    if (!bytes) throw new StorageFault("io", `clip ${row.clipId} became shorter while it was read`);
    sha256.update(bytes);
  }
  const builder = new ClipBuilder(row, { files: shelf.table.files(row.clipId), sha256 });
  await shelf.keep(await builder.end([], 0, "interrupted"));
}
