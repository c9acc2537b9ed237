import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type ClipMessage, type ConsumerMessage, parseMessage } from "../../agent/consumer/index.ts";
import { topicsOf } from "../../agent/contract/topics.ts";

/**
 * Clips that have not arrived whole, one folder each: the agent does not send again what the broker has
 * acknowledged, so a receiver that ends must find its part again.
 */
export class ClipParts {
  readonly #folder: string;
  readonly #deviceId: string;

  constructor(folder: string, deviceId: string) {
    this.#folder = folder;
    this.#deviceId = deviceId;
  }

  /** Keeps one message of a clip. @throws Error of the file system. */
  async keep(message: ClipMessage): Promise<void> {
    const folder = join(this.#folder, message.clipId);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await writeFile(join(folder, nameOf(message)), bodyOf(message), { mode: 0o600 });
  }

  /** The clip is whole, or nothing more is expected of it. @throws Error of the file system. */
  async forget(clipId: string): Promise<void> {
    await rm(join(this.#folder, clipId), { recursive: true, force: true });
  }

  /** Everything that earlier runs have kept. What does not read as it should is left out. */
  async *kept(): AsyncGenerator<ClipMessage> {
    const topics = topicsOf(this.#deviceId);
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    for (const entry of await readdir(this.#folder, { withFileTypes: true })) {
      if (!entry.isDirectory()) continue;
      const clipId = entry.name;
      for (const name of await readdir(join(this.#folder, clipId))) {
        const topic = `${topics.root}/clip/${clipId}/${name.replaceAll("_", "/")}`;
        const message = parseMessage(topic, await readFile(join(this.#folder, clipId, name)));
        if (isOfClip(message)) yield message;
      }
    }
  }
}

/** The end of the message's topic, with `_` for `/`. */
function nameOf(message: ClipMessage): string {
  switch (message.kind) {
    case "clip-init":
      return "init";
    case "clip-segment":
      return `${message.offset}_${message.sha256}`;
    case "clip-fin":
      return `fin_${message.bytes}_${message.sha256}`;
    case "clip-abort":
      return "abort";
  }
}

function bodyOf(message: ClipMessage): Uint8Array | string {
  switch (message.kind) {
    case "clip-init":
      return message.body;
    case "clip-segment":
      return message.bytes;
    case "clip-fin":
    case "clip-abort":
      return "";
  }
}

function isOfClip(message: ConsumerMessage | { kind: "refused" }): message is ClipMessage {
  return message.kind.startsWith("clip-");
}
