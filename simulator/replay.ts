import { readFileSync } from "node:fs";
import { UsageError } from "../agent/contract/errors.ts";
import { replayJournal } from "../agent/journal.ts";

/**
 * Replays a journal and says whether the core did what it did on the device. Answers the exit code: 1 when it did not.
 * @throws UsageError when the file cannot be read or is no journal.
 */
export function replay(file: string): 0 | 1 {
  const { inputs, differsAt } = replayed(file);
  if (differsAt === null) {
    process.stdout.write(`${inputs} inputs, the same actions\n`);
    return 0;
  }
  process.stdout.write(
    `${inputs} inputs; the actions differ from input ${differsAt} on (line ${differsAt + 2})\n`,
  );
  return 1;
}

function replayed(file: string): ReturnType<typeof replayJournal> {
  try {
    return replayJournal(readFileSync(file, "utf8"));
  } catch (error) {
    throw new UsageError(`${file}: ${error instanceof Error ? error.message : error}`, { cause: error });
  }
}
