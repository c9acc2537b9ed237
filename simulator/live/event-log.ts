import { type FileHandle, open } from "node:fs/promises";
import { createInterface } from "node:readline";
import type { EventEnvelope } from "../../agent/contract/events.ts";

/** What one epoch's events that were stored are called by. */
export type StoredEvent = Pick<EventEnvelope, "epoch" | "lane" | "sequence">;

/** Every event that arrived, one a line, durable before it is confirmed. */
export class EventLog {
  readonly #path: string;
  #file: FileHandle | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Answers what earlier runs have stored. A line that a crash cut short is left out. @throws Error of the file system. */
  async open(): Promise<StoredEvent[]> {
    this.#file = await open(this.#path, "a+", 0o600);
    const stored: StoredEvent[] = [];
    const lines = createInterface({ input: this.#file.createReadStream({ start: 0, autoClose: false }) });
    for await (const line of lines) {
      const event = storedEvent(line);
      if (event) stored.push(event);
    }
    if (await endsInsideLine(this.#file)) await this.#file.appendFile("\n");
    return stored;
  }

  /** Durable when it resolves. @throws Error of the file system. */
  async append(events: readonly EventEnvelope[]): Promise<void> {
    if (!this.#file) throw new Error("the event log is not open");
    await this.#file.appendFile(events.map((event) => `${JSON.stringify(event)}\n`).join(""));
    await this.#file.datasync();
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }
}

async function endsInsideLine(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer.toString() !== "\n";
}

function storedEvent(line: string): StoredEvent | null {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch {
    return null;
  }
  return isStoredEvent(event) ? event : null;
}

function isStoredEvent(event: unknown): event is StoredEvent {
  if (typeof event !== "object" || event === null) return false;
  const { epoch, lane, sequence } = event as Partial<StoredEvent>;
  return (
    typeof epoch === "string" && (lane === "press" || lane === "event") && Number.isSafeInteger(sequence)
  );
}
