import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Clock } from "../ports/clock.ts";
import type {
  ConfigurationInput,
  ConfigurationProblem,
  ConfigurationRecord,
  ConfigurationStore,
  WireSettings,
} from "../ports/configuration-store.ts";

/** Beside the outbox, in the data folder. */
const FILE = "config-desired.json";

/** Where the record of this data folder is. */
export function configurationFile(dataFolder: string): string {
  return join(dataFolder, FILE);
}

/** The text of the record; null when there is none. @throws Error of Node when it cannot be read. */
export async function readConfigurationText(dataFolder: string): Promise<string | null> {
  try {
    return await readFile(configurationFile(dataFolder), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}

/**
 * Replaces the record: after a power cut the old one is there, or the new one, whole. Durable when it resolves.
 * @throws Error of Node when the disk does not take it; the old one is still there.
 */
export async function writeConfigurationText(dataFolder: string, text: string): Promise<void> {
  const file = configurationFile(dataFolder);
  await mkdir(dataFolder, { recursive: true, mode: 0o700 });
  const written = await open(`${file}.new`, "w", 0o600);
  try {
    await written.writeFile(text);
    await written.sync();
  } finally {
    await written.close();
  }
  await rename(`${file}.new`, file);
  // The name is the folder's, and lasts when that does (fsync(2)).
  const folder = await open(dirname(file), "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The record in a file of the data folder. */
export class ConfigurationFile implements ConfigurationStore {
  readonly #dataFolder: string;
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #problemsOf: (wire: WireSettings) => ConfigurationProblem[];
  #post: ((input: ConfigurationInput) => void) | null = null;
  /** Each waits for the one before it. */
  #done: Promise<void> = Promise.resolve();

  /** @param problemsOf tells what is wrong with these over the device's own file. */
  constructor(
    dataFolder: string,
    clock: Pick<Clock, "monotonicMs">,
    problemsOf: (wire: WireSettings) => ConfigurationProblem[],
  ) {
    this.#dataFolder = dataFolder;
    this.#clock = clock;
    this.#problemsOf = problemsOf;
  }

  start(post: (input: ConfigurationInput) => void): void {
    this.#post = post;
  }

  check(request: number, wire: WireSettings): void {
    this.#done = this.#done.then(() => {
      const problems = this.#problemsOf(wire);
      this.#post?.({ type: "configuration.checked", occurredAt: this.#now(), request, problems });
    });
  }

  save(record: ConfigurationRecord): void {
    const text = `${JSON.stringify(record)}\n`;
    this.#done = this.#done.then(async () => {
      const detail = await this.#write(text);
      const occurredAt = this.#now();
      if (detail === null) this.#post?.({ type: "configuration.saved", occurredAt });
      else this.#post?.({ type: "configuration.save-failed", occurredAt, detail });
    });
  }

  async stop(): Promise<void> {
    this.#post = null;
    await this.#done;
  }

  /** Answers why the disk did not take it, or null. */
  async #write(text: string): Promise<string | null> {
    try {
      await writeConfigurationText(this.#dataFolder, text);
      return null;
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error;
      return `${configurationFile(this.#dataFolder)}: ${error.code}`;
    }
  }

  #now(): number {
    return this.#clock.monotonicMs();
  }
}
