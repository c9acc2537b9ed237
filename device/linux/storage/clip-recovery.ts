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
 * their bytes and files without a clip are removed. Repeating it is safe: `recovered` counts on.
 */
export async function recoverClips(
  shelf: ClipShelf,
  files: FileBytes,
  recovered: ClipsRecovered,
  onLost: (clip: ClipRow) => void,
): Promise<void> {
  const rows = shelf.table.all();
  const known = new Set(rows.map(({ clipId }) => FileBytes.nameOf(clipId)));
  for (const name of await files.names()) {
    if (known.has(name)) continue;
    await files.removeName(name);
    recovered.orphans += 1;
  }
  for (const row of rows) {
    const size = await files.size(row.clipId);
    if (size === null || size < row.recordedBytes) {
      await shelf.remove(row.clipId);
      recovered.lost += 1;
      onLost(row);
    } else if (row.end === null) {
      await closeInterrupted(shelf, files, row);
      recovered.interrupted += 1;
    }
  }
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
