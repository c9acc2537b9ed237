import { type Pack, pack } from "tar-stream";
import type { ClipEnd } from "../../ports/fragment-store.ts";

/** One file of a clip as it stands in the archive. */
export interface ClipFile {
  name: string;
  bytes: number;
  /** Lower-case hexadecimal SHA-256 of what is stored. */
  sha256: string;
}

/** What the last file of a clip says of it, besides its files. */
export interface ClipFacts {
  clipId: string;
  eventId: string;
  end: ClipEnd;
  preRollMs: number;
  durationMs: number;
  about: Record<string, string | number | null>;
}

/** Makes what is stored, and under which name, of one file: the place where a clip is encrypted. */
export type EntryEncoder = (name: string, data: Uint8Array) => Promise<{ name: string; data: Uint8Array }>;

/** Stores a file as it is. */
export const plainEntry: EntryEncoder = async (name, data) => ({ name, data });

const BLOCK = 512;
const END_OF_ARCHIVE = 2 * BLOCK;

/**
 * A clip's file as it is being made: a ustar archive (POSIX.1-1988 §10.1.1) of `init.mp4`, `000001.m4s`, … and
 * `manifest.json`. The pieces that its methods give, joined, are the file; joining init and fragments of it
 * gives the MP4. The same files give the same bytes: owner, group and times are 0.
 */
export class ClipTar {
  readonly #sha256: (data: Uint8Array) => string;
  readonly #encode: EntryEncoder;
  readonly #files: ClipFile[];
  readonly #pack: Pack = pack();
  readonly #packed = this.#pack[Symbol.asyncIterator]();

  /** `files`: those that the archive holds already, when it is to be continued. */
  constructor(options: {
    sha256: (data: Uint8Array) => string;
    encode: EntryEncoder;
    files?: readonly ClipFile[];
  }) {
    this.#sha256 = options.sha256;
    this.#encode = options.encode;
    this.#files = [...(options.files ?? [])];
  }

  /** The files that the archive holds so far. */
  get files(): readonly ClipFile[] {
    return this.#files;
  }

  /** The init segment, which comes first. */
  init(data: Uint8Array): Promise<Uint8Array[]> {
    return this.#add("init.mp4", data);
  }

  /** The next fragment. */
  fragment(data: Uint8Array): Promise<Uint8Array[]> {
    return this.#add(`${String(this.#files.length).padStart(6, "0")}.m4s`, data);
  }

  /** The manifest and the end of the archive; nothing may follow. */
  async end(facts: ClipFacts): Promise<Uint8Array[]> {
    const manifest = JSON.stringify({ version: 1, ...facts, files: this.#files });
    const entry = await this.#add("manifest.json", new TextEncoder().encode(manifest));
    this.#pack.finalize();
    return [...entry, ...(await this.#take(END_OF_ARCHIVE))];
  }

  async #add(plainName: string, plain: Uint8Array): Promise<Uint8Array[]> {
    const { name, data } = await this.#encode(plainName, plain);
    this.#files.push({ name, bytes: data.length, sha256: this.#sha256(data) });
    const header = { name, size: data.length, mode: 0o600, uid: 0, gid: 0, mtime: new Date(0) };
    this.#pack.entry(header, Buffer.from(data.buffer, data.byteOffset, data.byteLength));
    return this.#take(BLOCK + Math.ceil(data.length / BLOCK) * BLOCK);
  }

  async #take(bytes: number): Promise<Uint8Array[]> {
    const pieces: Uint8Array[] = [];
    for (let taken = 0; taken < bytes; ) {
      const { value } = await this.#packed.next();
      if (!(value instanceof Uint8Array)) throw new Error(`the archive ended ${bytes - taken} bytes early`);
      pieces.push(value);
      taken += value.length;
    }
    return pieces;
  }
}
