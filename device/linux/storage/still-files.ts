import { mkdir, open, readdir, readFile, rename, stat, unlink } from "node:fs/promises";
import { join } from "node:path";
import { ifThere } from "./clip-bytes.ts";

/** Stills that wait for their delivery, one file each. Ids must have been validated. */
export class StillFiles {
  readonly #folder: string;
  readonly #most: number;
  /** Names, oldest first; null until the folder has been read. */
  #names: string[] | null = null;

  /** @param most bound of their number: the oldest go. */
  constructor(folder: string, most: number) {
    this.#folder = folder;
    this.#most = most;
  }

  /** Keeps the still; it is there whole or not at all, whenever the power goes. */
  async put(eventId: string, jpeg: Uint8Array): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const names = await this.#list();
    const name = `${eventId}.jpg`;
    const half = join(this.#folder, `${name}.part`);
    const file = await open(half, "w", 0o600);
    try {
      await file.writeFile(jpeg);
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(half, join(this.#folder, name));
    this.#names = [...names.filter((known) => known !== name), name];
    while (this.#names.length > this.#most) await this.#removeOldest(this.#names);
  }

  /** Null when it is not there. */
  async get(eventId: string): Promise<Uint8Array<ArrayBuffer> | null> {
    const data = await ifThere(readFile(join(this.#folder, `${eventId}.jpg`)));
    return data && new Uint8Array(data);
  }

  async remove(eventId: string): Promise<void> {
    const name = `${eventId}.jpg`;
    this.#names = (await this.#list()).filter((known) => known !== name);
    await ifThere(unlink(join(this.#folder, name)));
  }

  async #removeOldest(names: string[]): Promise<void> {
    const oldest = names.shift();
    if (oldest !== undefined) await ifThere(unlink(join(this.#folder, oldest)));
  }

  async #list(): Promise<string[]> {
    if (this.#names) return this.#names;
    const found: { name: string; at: number }[] = [];
    for (const name of (await ifThere(readdir(this.#folder))) ?? []) {
      const path = join(this.#folder, name);
      if (name.endsWith(".part")) await ifThere(unlink(path));
      else found.push({ name, at: (await ifThere(stat(path)))?.mtimeMs ?? 0 });
    }
    found.sort((a, b) => a.at - b.at);
    this.#names = found.map(({ name }) => name);
    return this.#names;
  }
}
