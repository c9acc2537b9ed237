import { createHash } from "node:crypto";
import { pack } from "tar-stream";
import type { ClipMessage } from "../../../agent/consumer/index.ts";
import type { ClipManifest } from "../../../agent/contract/messages.ts";
import { bytesOf, DEVICE, EPOCH } from "./messages.ts";

export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

export interface MadeFile {
  name: string;
  bytes: Uint8Array;
}

/** A tar of these files as they are. */
export async function tarOf(files: MadeFile[]): Promise<Uint8Array> {
  const archive = pack();
  for (const { name, bytes } of files) archive.entry({ name }, Buffer.from(bytes));
  archive.finalize();
  const pieces: Uint8Array[] = [];
  for await (const piece of archive) {
    if (piece instanceof Uint8Array) pieces.push(piece);
  }
  return new Uint8Array(Buffer.concat(pieces));
}

/** Init, fragments of the given sizes, and the manifest that belongs to them. */
export function clipFiles(
  clipId: string,
  fragmentBytes: number[],
  change: Partial<ClipManifest> = {},
): MadeFile[] {
  const media = [16, ...fragmentBytes].map((bytes, index) => ({
    name: index === 0 ? "init.mp4" : `${String(index).padStart(6, "0")}.m4s`,
    bytes: new Uint8Array(bytes).map((_, at) => (at * 7 + index * 31) % 256),
  }));
  const manifest: ClipManifest = {
    version: 1,
    clipId,
    eventId: `${EPOCH}-p1`,
    end: "finished",
    preRollMs: 4_000,
    durationMs: 10_000,
    about: { codec: "avc1.42c01f" },
    files: media.map(({ name, bytes }) => ({ name, bytes: bytes.length, sha256: sha256(bytes) })),
    ...change,
  };
  return [...media, { name: "manifest.json", bytes: bytesOf(JSON.stringify(manifest)) }];
}

export function initOf(clipId: string, eventId = `${EPOCH}-p1`): ClipMessage {
  const init = {
    name: `${clipId}.tar`,
    segments_ttl: 86_400,
    user_data: {
      deviceId: DEVICE,
      clipId,
      eventId,
      epoch: EPOCH,
      contentType: "application/x-tar" as const,
      trigger: "press" as const,
      eventTime: "2026-11-24T12:00:00.000Z",
      codec: "avc1.42c01f",
      widthPx: 1280,
      heightPx: 720,
      continues: "",
    },
  };
  return { kind: "clip-init", deviceId: DEVICE, clipId, body: JSON.stringify(init), init };
}

export function segment(clipId: string, offset: number, bytes: Uint8Array): ClipMessage {
  return { kind: "clip-segment", deviceId: DEVICE, clipId, offset, sha256: sha256(bytes), bytes };
}

export function fin(clipId: string, file: Uint8Array): ClipMessage {
  return { kind: "clip-fin", deviceId: DEVICE, clipId, bytes: file.length, sha256: sha256(file) };
}

/** `init`, the file in pieces of so many bytes, and `fin`. */
export function messagesOf(clipId: string, file: Uint8Array, pieceBytes: number): ClipMessage[] {
  const segments: ClipMessage[] = [];
  for (let at = 0; at < file.length; at += pieceBytes) {
    segments.push(segment(clipId, at, file.subarray(at, at + pieceBytes)));
  }
  return [initOf(clipId), ...segments, fin(clipId, file)];
}
