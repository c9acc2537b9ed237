import { readFileSync } from "node:fs";
import { UsageError } from "../../agent/contract/errors.ts";
import { readVersion } from "../../agent/version.ts";
import { findInput, lookAt } from "./look-at.ts";
import { type JournalHead, readHead } from "./read-journal.ts";
import { type ReplayResult, replayJournal } from "./result.ts";
import { atInWords, counted, inShort, outcomeLines } from "./words.ts";

/** As the command line gives them. */
export interface ReplayFlags {
  at?: string;
  slice?: string;
  diff?: true;
  limit: string;
  json?: true;
}

/** Where the command writes: what it found, and what is wrong with the journal. */
export interface ReplayOutput {
  print: (line: string) => void;
  warn: (line: string) => void;
}

/**
 * `porchlight-sim replay FILE`. Answers the exit code: 0 when this core does what the journal recorded, 1 when it does
 * something else, 2 when it does not, as far as the journal goes, and that could not be read to its end.
 * @throws UsageError when the file cannot be read, is no journal, or the flags make no sense.
 */
export function replay(file: string, flags: ReplayFlags, output: ReplayOutput): 0 | 1 | 2 {
  const limit = checkFlags(flags);
  const bytes = bytesOf(file);
  const head = headOf(bytes, file);
  const warn = (text: string) => output.warn(`${file}: ${text}`);
  if (head.warning !== null) warn(head.warning);
  if (flags.at !== undefined) {
    const n = findInput(bytes, flags.at);
    return lookAt(
      bytes,
      head,
      n,
      { slice: flags.slice ?? null, json: flags.json === true },
      { ...output, warn },
    );
  }
  const result = replayJournal(bytes, head, flags.diff ? limit : 0);
  for (const text of warningsOf(result)) warn(text);
  if (flags.json) output.print(JSON.stringify({ file, ...result }));
  else for (const line of linesOf(file, result, flags.diff === true)) output.print(line);
  return EXIT_CODES[result.result];
}

const EXIT_CODES = { same: 0, differs: 1, bad: 2 } as const;
const MOST_REMARKS = 5;

function checkFlags({ at, diff, slice, limit }: ReplayFlags): number {
  if (at !== undefined && diff) throw new UsageError("--at and --diff do not go together: choose one");
  if (slice !== undefined && at === undefined)
    throw new UsageError("--slice shows a part of the state at one input: say which with --at");
  if (!/^[1-9][0-9]{0,5}$/.test(limit))
    throw new UsageError(`--limit: found ${limit}, allowed: a whole number from 1 to 999999 (inputs)`);
  return Number(limit);
}

function bytesOf(file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (error) {
    if (!(error instanceof Error && "code" in error)) throw error;
    throw new UsageError(`${file}: cannot be read: ${error.message}`, { cause: error });
  }
}

function headOf(bytes: Buffer, file: string): JournalHead {
  try {
    return readHead(bytes);
  } catch (error) {
    if (error instanceof UsageError) throw new UsageError(`${file}: ${error.message}`, { cause: error });
    throw error;
  }
}

function warningsOf({ problem, remarks, begins, version, missing }: ReplayResult): string[] {
  const warnings = remarks.slice(0, MOST_REMARKS).map(({ line, text }) => `line ${line}: ${text}`);
  if (remarks.length > MOST_REMARKS) warnings.push(`and ${remarks.length - MOST_REMARKS} more such remarks`);
  if (version !== readVersion())
    warnings.push(`line 1: recorded by porchlight ${version}, replayed by ${readVersion()}`);
  if (begins === "checkpoint" && (remarks.length > 0 || version !== readVersion()))
    warnings.push(
      "line 2: it begins with the state of another version, and what differs may come from that alone; " +
        "a journal from a process start tells more",
    );
  for (const { line, inputs } of missing)
    warnings.push(`line ${line}: ${counted(inputs, "input")} could not be written before this line`);
  if (problem) warnings.push(`line ${problem.line}: ${problem.text}`);
  return warnings;
}

function linesOf(file: string, result: ReplayResult, diff: boolean): string[] {
  const { inputs, actions, virtualMs, version, begins, differing, firstDifference, problem } = result;
  const from = begins === "start" ? "a process start" : "a checkpoint";
  const asFarAs = problem ? ", as far as it can be read" : "";
  const what = `${counted(inputs, "input")} in ${atInWords(virtualMs)}, from ${from}, by porchlight ${version}`;
  const lines = [`${file}: ${what}${asFarAs}`];
  if (inputs === 0) return [...lines, "nothing to compare"];
  if (firstDifference === null) return [...lines, `the same ${counted(actions, "action")}`];
  const { n, line, atMs, input } = firstDifference;
  lines.push(`${counted(differing, "input")} led to other actions; the first is input ${n} (line ${line})`);
  if (!diff) return [...lines, `  at ${atInWords(atMs)}: ${inShort(input)}`, "--diff shows what differs"];
  for (const one of result.differences) {
    lines.push("", `input ${one.n} (line ${one.line}, at ${atInWords(one.atMs)}): ${inShort(one.input)}`);
    lines.push(...outcomeLines(one.recorded, one.here));
  }
  const left = differing - result.differences.length;
  const legend = "- as recorded, + by this core, ~ other values; what follows the first may come of it";
  return [...lines, "", legend, ...(left > 0 ? [`${counted(left, "input")} more: --limit shows more`] : [])];
}
