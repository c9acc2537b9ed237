import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** One file that a client is sending, as it lies on the disk: what its `init` said, segments, and the whole. */
export class TransferFolder {
  readonly #segments: string;
  readonly #exports: string;

  constructor(root: string, clientId: string, fileId: string) {
    const name = [clientId, fileId].map(encodeURIComponent).join("/");
    this.#segments = join(root, "segments", name);
    this.#exports = join(root, "exports", name);
  }

  /** The text of its `init`; null while there was none. */
  get init(): string | null {
    const file = join(this.#segments, MANIFEST);
    return existsSync(file) ? readFileSync(file, "utf8") : null;
  }

  set init(text: string) {
    write(this.#segments, MANIFEST, Buffer.from(text));
  }

  /** The file put together; null before that. */
  get exported(): { name: string; bytes: Buffer } | null {
    const [name] = existsSync(this.#exports) ? readdirSync(this.#exports) : [];
    return name === undefined ? null : { name, bytes: readFileSync(join(this.#exports, name)) };
  }

  export(name: string, bytes: Buffer): void {
    write(this.#exports, name, bytes);
    this.forget();
  }

  /** A segment that comes again takes the place of the first. */
  addSegment(offset: number, bytes: Buffer): void {
    write(this.#segments, `${offset}.${bytes.length}`, bytes);
  }

  /** Segments, and what `init` said, are gone. */
  forget(): void {
    rmSync(this.#segments, { recursive: true, force: true });
  }

  /** The first `size` bytes; null when some of them never came. */
  assemble(size: number): Buffer | null {
    const parts = this.#list();
    const whole = Buffer.alloc(size);
    let end = 0;
    while (end < size) {
      const next = parts.filter(({ from, to }) => from <= end && to > end).sort((a, b) => b.to - a.to)[0];
      if (!next) return null;
      readFileSync(join(this.#segments, next.name)).copy(whole, next.from);
      end = next.to;
    }
    return whole;
  }

  #list(): { name: string; from: number; to: number }[] {
    if (!existsSync(this.#segments)) return [];
    return readdirSync(this.#segments).flatMap((name) => {
      const [, offset = "", length = ""] = /^(\d+)\.(\d+)$/.exec(name) ?? [];
      return offset === "" ? [] : [{ name, from: Number(offset), to: Number(offset) + Number(length) }];
    });
  }
}

export function sha256(bytes: Buffer): string {
  return createHash("sha256").update(bytes).digest("hex");
}

const MANIFEST = "init.json";

/** Whole or not at all, as a broker does it. */
function write(folder: string, name: string, bytes: Buffer): void {
  mkdirSync(folder, { recursive: true });
  const temporary = join(folder, `${name}.new`);
  writeFileSync(temporary, bytes);
  renameSync(temporary, join(folder, name));
}
