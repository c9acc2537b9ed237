import { ClipFormatError, concat } from "./clip-format.ts";

/** One file of an archive. */
export interface UstarFile {
  name: string;
  bytes: Uint8Array;
}

const BLOCK = 512;
const MAGIC = "ustar";
const SPACE = 0x20;
const REGULAR_FILE = [0, 0x30];
const ascii = new TextDecoder("ascii");

/**
 * Reads a clip's archive as it arrives: bytes in, files out, nothing kept but the file that is not whole yet.
 *
 * A reader of our own, because the clip's archive is the plainest there is (ustar, POSIX.1-1988 §10.1.1: short names
 * and regular files alone), and because tar-stream, which writes it, needs Node's `events` in a browser and answers
 * whenever its streams come to it. Whatever is more than this subset is refused.
 */
export class UstarReader {
  readonly #maxFileBytes: number;
  #wanted = BLOCK;
  #pieces: Uint8Array[] = [];
  #pending = 0;
  /** Null while a header is read. */
  #file: { name: string; size: number } | null = null;
  #isOver = false;

  /** @param maxFileBytes a file that says it is larger is refused. */
  constructor(maxFileBytes: number) {
    this.#maxFileBytes = maxFileBytes;
  }

  /** Bytes that wait for the rest of their file. */
  get pendingBytes(): number {
    return this.#pending;
  }

  /** The end of the archive has been read, or a file has just ended. */
  get isBetweenFiles(): boolean {
    return this.#isOver || (this.#file === null && this.#pending === 0);
  }

  /** The files that are whole with these bytes. @throws ClipFormatError; then nothing more can be read. */
  push(bytes: Uint8Array): UstarFile[] {
    const files: UstarFile[] = [];
    let at = 0;
    while (at < bytes.length && !this.#isOver) {
      const piece = bytes.subarray(at, at + this.#wanted - this.#pending);
      this.#pieces.push(piece);
      this.#pending += piece.length;
      at += piece.length;
      if (this.#pending < this.#wanted) break;
      const whole = concat(this.#pieces);
      this.#pieces = [];
      this.#pending = 0;
      const file = this.#take(whole);
      if (file) files.push(file);
    }
    return files;
  }

  /** A header, or a file's bytes with what fills up their last block. */
  #take(whole: Uint8Array): UstarFile | null {
    const file = this.#file ?? this.#open(whole);
    if (!file) return null;
    if (this.#file === null && file.size > 0) {
      this.#file = file;
      this.#wanted = Math.ceil(file.size / BLOCK) * BLOCK;
      return null;
    }
    this.#file = null;
    this.#wanted = BLOCK;
    return { name: file.name, bytes: whole.subarray(0, file.size) };
  }

  #open(header: Uint8Array): { name: string; size: number } | null {
    if (header.every((byte) => byte === 0)) {
      this.#isOver = true;
      return null;
    }
    const sum = header.reduce((total, byte, at) => total + (at >= 148 && at < 156 ? SPACE : byte), 0);
    if (sum !== octal(header, 148, 8)) throw new ClipFormatError("not a tar: a header's checksum is wrong");
    if (text(header, 257, 5) !== MAGIC) throw new ClipFormatError("not a tar: no ustar header");
    const name = text(header, 0, 100);
    if (!REGULAR_FILE.includes(header[156] ?? 0) || header[345] !== 0 || name === "")
      throw new ClipFormatError(`not a clip's tar: more than a regular file with a short name`);
    const size = octal(header, 124, 12);
    if (!(size <= this.#maxFileBytes)) throw new ClipFormatError(`a file of ${size} bytes is too large`);
    return { name, size };
  }
}

/** Up to the first NUL. */
function text(header: Uint8Array, at: number, length: number): string {
  const field = header.subarray(at, at + length);
  const end = field.indexOf(0);
  return ascii.decode(end < 0 ? field : field.subarray(0, end));
}

/** NaN when it is no number. */
function octal(header: Uint8Array, at: number, length: number): number {
  const digits = /^ *([0-7]+) *$/.exec(text(header, at, length))?.[1];
  return digits === undefined ? Number.NaN : Number.parseInt(digits, 8);
}
