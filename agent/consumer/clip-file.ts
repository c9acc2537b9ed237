import { Value } from "typebox/value";
import { CLIP_FILES, ClipManifest } from "../contract/messages.ts";
import { ClipFormatError, concat } from "./clip-format.ts";
import { sha256Hex } from "./sha256.ts";
import { type UstarFile, UstarReader } from "./ustar-reader.ts";

/** A clip's files, each as its manifest has it. */
export interface Clip {
  manifest: ClipManifest;
  /** ISO/IEC 14496-12 initialisation segment. */
  init: Uint8Array;
  /** In the order of playing. */
  fragments: Uint8Array[];
}

/** A file of a clip as it is compared with the manifest. */
export interface FileFacts {
  name: string;
  bytes: number;
  sha256: string;
}

/**
 * Reads a clip's tar and checks every file in it against the manifest: name, order, size and SHA-256.
 * @throws ClipFormatError
 */
export async function readClip(tar: Uint8Array): Promise<Clip> {
  const files = filesIn(tar);
  const last = files.pop();
  if (last?.name !== CLIP_FILES.manifest) throw new ClipFormatError("the last file is not the manifest");
  const manifest = readManifest(last.bytes);
  const facts: FileFacts[] = [];
  for (const { name, bytes } of files)
    facts.push({ name, bytes: bytes.length, sha256: await sha256Hex(bytes) });
  compareWithManifest(manifest, facts);
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

/** The name that a clip's file must have: `index` 0 is the init segment. */
export function nameOfFile(index: number): string {
  return index === 0 ? CLIP_FILES.init : CLIP_FILES.fragment(index);
}

/** @throws ClipFormatError that says what is not as the manifest has it. */
export function compareWithManifest(manifest: ClipManifest, files: readonly FileFacts[]): void {
  if (manifest.files.length !== files.length) {
    throw new ClipFormatError(`${files.length} files, but ${manifest.files.length} in the manifest`);
  }
  for (const [index, file] of files.entries()) {
    const told = manifest.files[index];
    const expectedName = nameOfFile(index);
    if (file.name !== expectedName || told?.name !== expectedName) {
      throw new ClipFormatError(`file ${index + 1} is ${file.name}, not ${expectedName}`);
    }
    if (told.bytes !== file.bytes || told.sha256 !== file.sha256) {
      throw new ClipFormatError(`${file.name} is not what the manifest says`);
    }
  }
}

/** @throws ClipFormatError */
export function readManifest(bytes: Uint8Array): ClipManifest {
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

function filesIn(tar: Uint8Array): UstarFile[] {
  const reader = new UstarReader(tar.length);
  const files = reader.push(tar);
  if (!reader.isBetweenFiles) throw new ClipFormatError("not a tar: it ends within a file");
  return files;
}
