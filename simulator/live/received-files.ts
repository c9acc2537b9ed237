import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ClipComplete, clipToMp4 } from "../../agent/consumer/index.ts";
import type { EventDataOf } from "../../agent/contract/events.ts";
import type { ReceivedClip, ReceivedSnapshot } from "./happenings.ts";

/**
 * The folder of what arrived: each clip as MP4, each snapshot as JPEG, beside each a JSON file of one line. A JSON
 * file is written last, so that whoever sees it finds the other one whole.
 */
export class ReceivedFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** @throws Error of the file system. */
  async open(): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
  }

  /** The clip is here already, perhaps since an earlier run. */
  hasClip(clipId: string): boolean {
    return existsSync(this.#path(clipId, "json"));
  }

  /** @throws Error of the file system, ClipFormatError when the clip is none. */
  async storeClip(clip: ClipComplete, receivedUtcMs: number): Promise<ReceivedClip> {
    const { mp4, manifest } = await clipToMp4(clip.bytes);
    const path = this.#path(clip.clipId, "mp4");
    const received: ReceivedClip = {
      clipId: clip.clipId,
      eventId: manifest.eventId,
      end: clip.end,
      path,
      bytes: mp4.length,
      sha256: sha256(mp4),
      widthPx: clip.init.user_data.widthPx,
      heightPx: clip.init.user_data.heightPx,
      durationMs: manifest.durationMs,
      preRollMs: manifest.preRollMs,
    };
    await writeWhole(path, mp4);
    const { clipId, eventId, end, bytes, durationMs, preRollMs } = received;
    await writeWhole(
      this.#path(clipId, "json"),
      jsonLine({
        id: clipId,
        eventId,
        bytes,
        sha256: received.sha256,
        whole: clip.whole,
        end,
        durationMs,
        preRollMs,
        continues: clip.init.user_data.continues,
        tar: { bytes: clip.bytes.length, sha256: clip.sha256 },
        receivedAt: new Date(receivedUtcMs).toISOString(),
      }),
    );
    return received;
  }

  /** @throws Error of the file system. */
  async storeSnapshot(
    data: EventDataOf<"snapshot">,
    jpeg: Uint8Array,
    receivedUtcMs: number,
  ): Promise<ReceivedSnapshot> {
    const { eventId, widthPx, heightPx, frameOffsetMs } = data;
    const path = this.#path(eventId, "jpg");
    await writeWhole(path, jpeg);
    const received = { eventId, bytes: jpeg.length, widthPx, heightPx, frameOffsetMs };
    const about = { ...received, sha256: data.sha256, receivedAt: new Date(receivedUtcMs).toISOString() };
    await writeWhole(this.#path(eventId, "json"), jsonLine(about));
    return { ...received, path };
  }

  /** Ids come from checked topics: letters, digits, `-` and `_` alone. */
  #path(id: string, ending: "mp4" | "jpg" | "json"): string {
    return join(this.#folder, `${id}.${ending}`);
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function jsonLine(value: unknown): string {
  return `${JSON.stringify(value)}\n`;
}

/** No reader ever sees half of it. */
async function writeWhole(path: string, content: Uint8Array | string): Promise<void> {
  await writeFile(`${path}.new`, content, { mode: 0o600 });
  await rename(`${path}.new`, path);
}
