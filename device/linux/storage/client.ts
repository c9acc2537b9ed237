import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { PayloadReference } from "../../ports/fragment-store.ts";
import type { FromWorker, StorageOptions, ToWorker } from "./messages.ts";

type StoreMessage = Extract<FromWorker, { from: "store" }>;
type ClipMessage = Extract<FromWorker, { from: "clips" | "overflow" }>;

/** The main thread's end of the storage worker, which starts with its first user and ends with its last. */
export class StorageClient {
  readonly #options: StorageOptions;
  #worker: Worker | null = null;
  #onStore: ((message: StoreMessage) => void) | null = null;
  #onClips: ((message: ClipMessage) => void) | null = null;
  readonly #reads = new Map<number, (bytes: Uint8Array | "gone") => void>();
  #lastRead = 0;
  #outgoing: { message: ToWorker; transfer: ArrayBuffer[] }[] = [];

  constructor(options: StorageOptions) {
    this.#options = options;
  }

  startStore(onMessage: (message: StoreMessage) => void): void {
    this.#onStore = onMessage;
    this.#start();
  }

  startClips(onMessage: (message: ClipMessage) => void): void {
    this.#onClips = onMessage;
    this.#start();
  }

  async stopStore(): Promise<void> {
    this.#onStore = null;
    await this.#stopAfterLast();
  }

  async stopClips(): Promise<void> {
    this.#onClips = null;
    await this.#stopAfterLast();
  }

  /**
   * Sends in the order of the calls, after the turn that calls.
   * @throws Error when the storage is not running: our bug.
   */
  send(message: ToWorker, transfer: ArrayBuffer[] = []): void {
    if (!this.#worker) throw new Error("the storage is not running");
    // Waking a thread costs a press its head start: what the same turn publishes leaves the socket before.
    if (this.#outgoing.length === 0) setImmediate(() => this.#flush());
    this.#outgoing.push({ message, transfer });
  }

  read(reference: PayloadReference): Promise<Uint8Array | "gone"> {
    if (!this.#worker) return Promise.resolve("gone");
    const id = ++this.#lastRead;
    return new Promise((resolve) => {
      this.#reads.set(id, resolve);
      this.send({ to: "read", id, reference });
    });
  }

  #start(): void {
    if (this.#worker) return;
    const worker = new Worker(new URL("./storage-worker.js", import.meta.url), {
      name: "storage",
      workerData: this.#options,
    });
    worker.on("message", (message: FromWorker) => this.#receive(message));
    // An error in the worker is ours: the process ends by it as by one of the main thread.
    worker.on("error", (error) => {
      throw error;
    });
    this.#worker = worker;
  }

  #flush(): void {
    const outgoing = this.#outgoing;
    this.#outgoing = [];
    for (const { message, transfer } of outgoing) this.#worker?.postMessage(message, transfer);
  }

  #receive(message: FromWorker): void {
    if (message.from === "store") this.#onStore?.(message);
    else if (message.from === "read") {
      this.#reads.get(message.id)?.(message.bytes);
      this.#reads.delete(message.id);
    } else this.#onClips?.(message);
  }

  async #stopAfterLast(): Promise<void> {
    const worker = this.#worker;
    if (!worker || this.#onStore || this.#onClips) return;
    const ended = once(worker, "exit");
    this.#flush();
    worker.postMessage({ to: "stop" } satisfies ToWorker);
    this.#worker = null;
    await ended;
    for (const resolve of this.#reads.values()) resolve("gone");
    this.#reads.clear();
  }
}
