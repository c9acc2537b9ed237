import { extract } from "tar-stream";
import { Value } from "typebox/value";
import { CLIP_FILES, ClipManifest } from "../contract/messages.ts";
import { sha256Hex } from "./sha256.ts";

/** The file is not a clip, or not the clip its manifest tells of. Whoever sent it must act. */
export class ClipFormatError extends Error {
  override readonly name = "ClipFormatError";
}

/** A clip's files, each as its manifest has it. */
export interface Clip {
  manifest: ClipManifest;
  /** ISO/IEC 14496-12 initialisation segment. */
  init: Uint8Array;
  /** In the order of playing. */
  fragments: Uint8Array[];
}

/**
 * Reads a clip's tar and checks every file in it against the manifest: name, order, size and SHA-256.
 * @throws ClipFormatError
 */
export async function readClip(tar: Uint8Array): Promise<Clip> {
  const files = await filesIn(tar);
  const last = files.pop();
  if (last?.name !== CLIP_FILES.manifest) throw new ClipFormatError("the last file is not the manifest");
  const manifest = readManifest(last.bytes);
  if (manifest.files.length !== files.length) {
    throw new ClipFormatError(`${files.length} files, but ${manifest.files.length} in the manifest`);
  }
  for (const [index, file] of files.entries()) {
    const told = manifest.files[index];
    const expectedName = index === 0 ? CLIP_FILES.init : CLIP_FILES.fragment(index);
    if (file.name !== expectedName || told?.name !== expectedName) {
      throw new ClipFormatError(`file ${index + 1} is ${file.name}, not ${expectedName}`);
    }
    if (told.bytes !== file.bytes.length || told.sha256 !== (await sha256Hex(file.bytes))) {
      throw new ClipFormatError(`${file.name} is not what the manifest says`);
    }
  }
  const [init, ...fragments] = files.map((file) => file.bytes);
  if (!init) throw new ClipFormatError("no files before the manifest");
  return { manifest, init, fragments };
}

/**
 * Joins a clip's init segment and fragments to one fragmented MP4, after checking them as `readClip` does.
 * @throws ClipFormatError
 */
export async function clipToMp4(tar: Uint8Array): Promise<{ mp4: Uint8Array; manifest: ClipManifest }> {
  const { manifest, init, fragments } = await readClip(tar);
  return { mp4: concat([init, ...fragments]), manifest };
}

async function filesIn(tar: Uint8Array): Promise<{ name: string; bytes: Uint8Array }[]> {
  const files: { name: string; bytes: Uint8Array }[] = [];
  const reader = extract();
  reader.end(tar);
  try {
    for await (const entry of reader) {
      const pieces: Uint8Array[] = [];
      for await (const piece of entry) {
        if (piece instanceof Uint8Array) pieces.push(piece);
      }
      files.push({ name: entry.header.name, bytes: concat(pieces) });
    }
  } catch (error) {
    throw new ClipFormatError(`not a tar: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
  return files;
}

function readManifest(bytes: Uint8Array): ClipManifest {
  let manifest: unknown;
  try {
    manifest = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new ClipFormatError("the manifest is not JSON", { cause: error });
  }
  if (Value.Check(ClipManifest, manifest)) return manifest;
  const [fault] = Value.Errors(ClipManifest, manifest);
  throw new ClipFormatError(`the manifest: ${fault?.instancePath} ${fault?.message}`);
}

function concat(pieces: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
