import type { Clock } from "../../ports/clock.ts";
import { StorageClient } from "./client.ts";
import { LinuxFragmentStore } from "./linux-fragment-store.ts";
import { LinuxStore } from "./linux-store.ts";

/**
 * Outbox and clips in one data folder, which is this process's alone while it runs. All disk work is done by one
 * worker thread; nothing happens before the first `start`, and the worker ends when both have stopped.
 */
export class LinuxStorage {
  readonly store: LinuxStore;
  readonly clips: LinuxFragmentStore;

  constructor(options: {
    /** The data folder; made when missing, readable by its owner only. */
    folder: string;
    spool: { maxBytes: number; maxAgeMs: number };
    clip: { preRollMs: number; ringMaxBytes: number };
    clock: Pick<Clock, "monotonicMs" | "read">;
  }) {
    const client = new StorageClient({ folder: options.folder, spool: options.spool });
    this.store = new LinuxStore(client, () => options.clock.monotonicMs());
    this.clips = new LinuxFragmentStore(client, options);
  }
}
