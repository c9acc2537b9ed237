import { rmSync } from "node:fs";
import { type FileHandle, mkdir, open, readdir, stat, truncate, unlink } from "node:fs/promises";
import { join } from "node:path";

/** Where the bytes of clips are kept. */
export interface ClipBytes {
  /** Adds `pieces` at `offset`, which is where the clip ends; durable when it returns, if it can be. */
  append(clipId: string, offset: number, pieces: readonly Uint8Array[]): Promise<void>;
  /** Null when they are not there. */
  read(clipId: string, offset: number, bytes: number): Promise<Uint8Array<ArrayBuffer> | null>;
  /** Nothing more will be appended. */
  seal(clipId: string): Promise<void>;
  remove(clipId: string): Promise<void>;
  /** The same at once, of a clip that is sealed. */
  removeNow(clipId: string): void;
}

/** One file a clip, `{clipId}.tar`, in a folder of the data folder. Ids must have been validated. */
export class FileBytes implements ClipBytes {
  readonly #folder: string;
  readonly #writing = new Map<string, FileHandle>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async append(clipId: string, offset: number, pieces: readonly Uint8Array[]): Promise<void> {
    let file = this.#writing.get(clipId);
    const isNew = file === undefined;
    if (!file) {
      await mkdir(this.#folder, { recursive: true, mode: 0o700 });
      file = await open(this.#path(clipId), offset === 0 ? "w" : "r+", 0o600);
      this.#writing.set(clipId, file);
    }
    let at = offset;
    for (const piece of pieces) {
      for (let done = 0; done < piece.length; ) {
        const { bytesWritten } = await file.write(piece, done, piece.length - done, at);
        done += bytesWritten;
        at += bytesWritten;
      }
    }
    await file.datasync();
    if (isNew) await syncFolderOf(this.#folder);
  }

  async read(clipId: string, offset: number, bytes: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const file = await openIfThere(this.#path(clipId));
    if (!file) return null;
    try {
      const data = new Uint8Array(bytes);
      for (let done = 0; done < bytes; ) {
        const { bytesRead } = await file.read(data, done, bytes - done, offset + done);
        if (bytesRead === 0) return null;
        done += bytesRead;
      }
      return data;
    } finally {
      await file.close();
    }
  }

  async seal(clipId: string): Promise<void> {
    const file = this.#writing.get(clipId);
    this.#writing.delete(clipId);
    await file?.close();
  }

  async remove(clipId: string): Promise<void> {
    await this.seal(clipId);
    await ifThere(unlink(this.#path(clipId)));
  }

  removeNow(clipId: string): void {
    rmSync(this.#path(clipId), { force: true });
  }

  /** Length of the clip's file; null when there is none. */
  async size(clipId: string): Promise<number | null> {
    return (await ifThere(stat(this.#path(clipId))))?.size ?? null;
  }

  async truncate(clipId: string, bytes: number): Promise<void> {
    await truncate(this.#path(clipId), bytes);
  }

  /** Names of everything in the folder. */
  async names(): Promise<string[]> {
    return (await ifThere(readdir(this.#folder))) ?? [];
  }

  async removeName(name: string): Promise<void> {
    await ifThere(unlink(join(this.#folder, name)));
  }

  /** The name of a clip's file. */
  static nameOf(clipId: string): string {
    return `${clipId}.tar`;
  }

  #path(clipId: string): string {
    return join(this.#folder, FileBytes.nameOf(clipId));
  }
}

/** Clips that no disk could take. */
export class MemoryBytes implements ClipBytes {
  readonly #clips = new Map<string, { offset: number; data: Uint8Array }[]>();

  async append(clipId: string, offset: number, pieces: readonly Uint8Array[]): Promise<void> {
    const held = this.#clips.get(clipId) ?? [];
    this.#clips.set(clipId, held);
    let at = offset;
    for (const piece of pieces) {
      held.push({ offset: at, data: piece.slice() });
      at += piece.length;
    }
  }

  async read(clipId: string, offset: number, bytes: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const read = new Uint8Array(bytes);
    let found = 0;
    for (const held of this.#clips.get(clipId) ?? []) {
      const from = Math.max(offset, held.offset);
      const to = Math.min(offset + bytes, held.offset + held.data.length);
      if (from >= to) continue;
      read.set(held.data.subarray(from - held.offset, to - held.offset), from - offset);
      found += to - from;
    }
    return found === bytes ? read : null;
  }

  async seal(): Promise<void> {}

  async remove(clipId: string): Promise<void> {
    this.removeNow(clipId);
  }

  removeNow(clipId: string): void {
    this.#clips.delete(clipId);
  }
}

/** Makes the names in a folder durable. */
export async function syncFolderOf(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The result, or null when there is no such file. */
export async function ifThere<T>(work: Promise<T>): Promise<T | null> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

function openIfThere(path: string): Promise<FileHandle | null> {
  return ifThere(open(path, "r"));
}
