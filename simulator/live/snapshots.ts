import type { EventDataOf } from "../../agent/contract/events.ts";
import type { Fact } from "./happenings.ts";
import { type ReceivedFiles, sha256 } from "./received-files.ts";

/** Pictures and facts of at most so many presses wait for each other. */
const WAITING_MAX = 16;

interface Picture {
  jpeg: Uint8Array;
  atMs: number;
}

/** Brings each preview together with the event that tells of it, in whichever order they come, and stores them. */
export class Snapshots {
  readonly #files: Pick<ReceivedFiles, "storeSnapshot">;
  readonly #tell: (fact: Fact, atMs: number) => void;
  readonly #pictures = new Map<string, Picture>();
  readonly #facts = new Map<string, EventDataOf<"snapshot">>();

  constructor(files: Pick<ReceivedFiles, "storeSnapshot">, tell: (fact: Fact, atMs: number) => void) {
    this.#files = files;
    this.#tell = tell;
  }

  /** @throws Error of the file system. */
  async picture(eventId: string, jpeg: Uint8Array, atMs: number): Promise<void> {
    remember(this.#pictures, eventId, { jpeg, atMs });
    await this.#match(eventId);
  }

  /** @throws Error of the file system. */
  async facts(data: EventDataOf<"snapshot">): Promise<void> {
    if (data.state === "failed") {
      this.#tell({ what: "snapshot-failed", eventId: data.eventId, reason: data.reason }, performance.now());
      return;
    }
    remember(this.#facts, data.eventId, data);
    await this.#match(data.eventId);
  }

  async #match(eventId: string): Promise<void> {
    const picture = this.#pictures.get(eventId);
    const facts = this.#facts.get(eventId);
    if (!picture || !facts) return;
    this.#pictures.delete(eventId);
    if (sha256(picture.jpeg) !== facts.sha256) {
      this.#tell({ what: "refused", detail: `snapshot ${eventId} is not what its event says` }, picture.atMs);
      return;
    }
    this.#facts.delete(eventId);
    const received = await this.#files.storeSnapshot(facts, picture.jpeg, Date.now());
    this.#tell({ what: "snapshot", ...received }, picture.atMs);
  }
}

function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.set(key, value);
  for (const oldest of map.keys()) {
    if (map.size <= WAITING_MAX) return;
    map.delete(oldest);
  }
}
