import { CLIP_FILES, type ClipManifest } from "../contract/messages.ts";
import { compareWithManifest, type FileFacts, nameOfFile, readManifest } from "./clip-file.ts";
import { ClipFormatError } from "./clip-format.ts";
import { sha256Hex } from "./sha256.ts";
import { UstarReader } from "./ustar-reader.ts";

/** A file of the clip, as soon as it is whole. */
export interface StreamedFile extends Omit<FileFacts, "bytes"> {
  /** 0 is the init segment, the fragments count from 1. */
  index: number;
  bytes: Uint8Array;
}

/** A clip in more files than this is no clip: ten minutes have some hundreds. */
const MAX_FILES = 4_096;

/** Reads one clip in the order of its bytes, and keeps of each file that was read no more than its hash. */
export class ClipStream {
  readonly #reader: UstarReader;
  readonly #files: FileFacts[] = [];
  #manifest: ClipManifest | null = null;
  /** Bytes read. */
  bytes = 0;

  constructor(maxFileBytes: number) {
    this.#reader = new UstarReader(maxFileBytes);
  }

  /** Bytes that wait for the rest of their file. */
  get pendingBytes(): number {
    return this.#reader.pendingBytes;
  }

  /** The next bytes: the files that are whole with them. @throws ClipFormatError; then it is over. */
  async push(bytes: Uint8Array): Promise<StreamedFile[]> {
    const whole: StreamedFile[] = [];
    this.bytes += bytes.length;
    for (const { name, bytes: content } of this.#reader.push(bytes)) {
      if (this.#manifest) throw new ClipFormatError("there is more after the manifest");
      if (name === CLIP_FILES.manifest) {
        this.#manifest = readManifest(content);
        continue;
      }
      const index = this.#files.length;
      if (name !== nameOfFile(index) || index >= MAX_FILES)
        throw new ClipFormatError(`file ${index + 1} is ${name}, not ${nameOfFile(index)}`);
      const sha256 = await sha256Hex(content);
      this.#files.push({ name, bytes: content.length, sha256 });
      whole.push({ index, name, sha256, bytes: content });
    }
    return whole;
  }

  /** Nothing more will come. @throws ClipFormatError unless all files that were read are those of the manifest. */
  end(clipId: string): ClipManifest {
    if (!this.#manifest) throw new ClipFormatError("the last file is not the manifest");
    if (this.#manifest.clipId !== clipId)
      throw new ClipFormatError(`the manifest is that of ${this.#manifest.clipId}`);
    compareWithManifest(this.#manifest, this.#files);
    return this.#manifest;
  }
}
