import { existsSync, watch, writeFileSync } from "node:fs";
import { basename, dirname } from "node:path";
import { ConfigurationError, UsageError, WorldError } from "../../agent/contract/errors.ts";
import { findInGallery, galleryFiles, galleryName } from "./gallery.ts";
import { junitReport } from "./junit.ts";
import { liveTheatre } from "./live/play-live.ts";
import { type ReadScenario, readScenario } from "./read.ts";
import { columns, resultLines, tableLines } from "./report.ts";
import type { ScenarioResult, Theatre } from "./result.ts";
import { playVirtual } from "./virtual-stage.ts";

/** As the command line gives them. */
export interface ScenarioFlags {
  list?: true;
  all?: true;
  watch?: true;
  json?: true;
  junit?: string;
  live?: true;
  broker?: string;
  camera?: string;
}

type Print = (line: string) => void;

/**
 * `porchlight-sim scenario`: plays files, or stories of the gallery by their names. Answers the exit code: 0 when all
 * passed, 1 when an expectation or a checker failed. With `--watch` it answers only when it is interrupted.
 * @throws PorchlightError with exit code 2 for a file or a flag that makes no sense; nothing is played then.
 */
export async function scenario(
  names: readonly string[],
  flags: ScenarioFlags,
  print: Print,
  theatre: Theatre = theatreFor(flags, print),
): Promise<number> {
  if (flags.list) return list(flags, print);
  const files = filesFor(names, flags);
  if (!flags.watch) return playAll(files.map(readScenario), theatre, flags, print);
  return watchFiles(files, () => playAll(files.map(readScenario), theatre, flags, print), print);
}

/** On a terminal a live play tells each step as it begins: its time is everybody's. */
function theatreFor({ live, broker, camera, json }: ScenarioFlags, print: Print): Theatre {
  if (live)
    return liveTheatre(
      { broker, camera },
      {
        header: json ? () => undefined : print,
        step: process.stdout.isTTY && !json ? print : () => undefined,
      },
    );
  const [flag] = [broker === undefined ? "" : "--broker", camera === undefined ? "" : "--camera"].filter(
    Boolean,
  );
  if (flag)
    throw new UsageError(`${flag} is for --live: a virtual world has a broker and cameras of its own`);
  return async (read) => playVirtual(read);
}

function list({ json }: ScenarioFlags, print: Print): number {
  const stories = galleryFiles().map((file) => ({ file, ...readScenario(file).scenario }));
  if (json)
    for (const { file, name, about } of stories)
      print(JSON.stringify({ id: galleryName(file), name, about }));
  else
    for (const line of columns(stories.map(({ file, name, about }) => [galleryName(file), about || name])))
      print(line);
  return 0;
}

function filesFor(names: readonly string[], { all }: ScenarioFlags): string[] {
  if (all) {
    if (names.length > 0) throw new UsageError("--all plays the gallery: name no files beside it");
    return galleryFiles();
  }
  if (names.length === 0)
    throw new UsageError("name a file or a story of the gallery (--list shows them), or play --all");
  return names.map((name) => {
    if (existsSync(name) || /[./\\]/.test(name)) return name;
    const { file, meant } = findInGallery(name);
    if (file) return file;
    const hint = meant ? `did you mean ${meant}?` : "--list shows them";
    throw new UsageError(`${name}: neither a file nor a story of the gallery; ${hint}`);
  });
}

async function playAll(
  reads: readonly ReadScenario[],
  theatre: Theatre,
  flags: ScenarioFlags,
  print: Print,
): Promise<number> {
  const results: ScenarioResult[] = [];
  await theatre.refuse?.(reads);
  for (const read of reads) {
    const result = await theatre(read);
    results.push(result);
    if (flags.json) print(JSON.stringify(result));
    else if (reads.length <= FEW) for (const line of resultLines(result)) print(line);
  }
  if (!flags.json && reads.length > FEW) for (const line of tableLines(results)) print(line);
  if (flags.junit !== undefined) writeReport(flags.junit, junitReport(results));
  return results.every(({ passed }) => passed) ? 0 : 1;
}

/** More than so many are a table. */
const FEW = 3;

function writeReport(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new WorldError(`--junit ${file}: cannot be written: ${why}`, { cause: error });
  }
}

/** Editors write a file in several steps. */
const QUIET_MS = 100;

/** Plays at once and whenever one of the files has changed, until the process is interrupted. */
async function watchFiles(
  files: readonly string[],
  playThem: () => Promise<number>,
  print: Print,
): Promise<number> {
  let code = 0;
  const again = async () => {
    try {
      code = await playThem();
    } catch (error) {
      // A file that is being written is often wrong for a moment: its author wants to know, and to go on.
      if (!(error instanceof ConfigurationError)) throw error;
      for (const problem of error.problems) print(problem);
      code = error.exitCode;
    }
    print(`watching ${files.length === 1 ? files.join("") : `${files.length} files`}; Ctrl+C ends`);
  };
  let playing = again();
  return new Promise((resolve, reject) => {
    let quiet: NodeJS.Timeout | undefined;
    const changed = () => {
      clearTimeout(quiet);
      quiet = setTimeout(() => {
        playing = playing.then(again);
        playing.catch(reject);
      }, QUIET_MS);
    };
    playing.catch(reject);
    // Editors replace a file by another: its folder is what stays.
    const watchers = files.map((file) =>
      watch(dirname(file), (_event, name) => {
        if (name === basename(file)) changed();
      }),
    );
    process.once("SIGINT", () => {
      for (const watcher of watchers) watcher.close();
      clearTimeout(quiet);
      resolve(code);
    });
  });
}
