import { createInterface } from "node:readline";
import { printConfiguration } from "../../agent/config/print.ts";
import { Bug, UsageError, WorldError } from "../../agent/contract/errors.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { recordCrash } from "../../agent/crash-record.ts";
import { Feed } from "./feed.ts";
import type { Happening } from "./happenings.ts";
import { COMMANDS, type Command, commandOfLine } from "./keys.ts";
import { LiveRun } from "./live-run.ts";
import { logLine } from "./log-lines.ts";
import { newModel } from "./model.ts";
import { ringOnce } from "./once.ts";
import { type OnceResult, onceInWords } from "./once-result.ts";
import { Screen } from "./screen.ts";
import { type LiveConfiguration, type LiveFlags, liveConfiguration } from "./settings.ts";
import { printable } from "./text.ts";

export interface LiveOptions extends LiveFlags {
  once?: true;
  json?: true;
  printConfig?: true;
}

/**
 * `porchlight-sim live`. Answers the exit code once nothing of it runs any more.
 * @throws PorchlightError in words for whoever must act.
 */
export async function live(options: LiveOptions): Promise<number> {
  const configuration = liveConfiguration(options, process.cwd());
  if (options.printConfig) {
    process.stdout.write(printConfiguration(configuration));
    return 0;
  }
  const { settings, ownBroker } = configuration;
  if (options.once && settings.camera.source === "none") {
    throw new UsageError("--once needs a camera: camera.source is none");
  }
  const feed = new Feed();
  const run = await LiveRun.prepare(settings, feed, ownBroker);
  const close = show(options, configuration, feed, run);
  onTheWayOut(settings.device.dataFolder, run, close);
  try {
    if (!options.once) return await untilEnd(run);
    const result = await once(feed, settings, run);
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : `\n${onceInWords(result)}\n`);
    return 0;
  } finally {
    close();
  }
}

async function untilEnd(run: LiveRun): Promise<number> {
  await run.start();
  const ending = await run.ended;
  await run.close();
  if (ending.exitCode === 2) throw new UsageError(ending.reason);
  return 0;
}

async function once(feed: Feed, settings: Settings, run: LiveRun): Promise<OnceResult> {
  const endedEarly = run.ended.then(({ exitCode, reason }): never => {
    throw exitCode !== 2 ? new WorldError(`${reason} before anything was received`) : new UsageError(reason);
  });
  try {
    return await Promise.race([ringOnce(run, feed, settings), endedEarly]);
  } finally {
    run.requestStop();
    await run.ended;
    await run.close();
  }
}

/** Shows the run in the way that fits what listens. Answers how to end that. */
function show(
  { once, json }: LiveOptions,
  { settings, ownBroker }: LiveConfiguration,
  feed: Feed,
  run: LiveRun,
): () => void {
  const command = (command: Command) => run.command(command);
  if (process.stdout.isTTY && !once && !json) {
    const { source } = settings.camera;
    const { preRollMs } = settings.clip;
    const model = newModel({ source, preRollMs, brokerUrl: run.brokerUrl, ownBroker, folder: process.cwd() });
    const screen = new Screen({ feed, model, output: process.stdout, input: process.stdin, command });
    return () => {
      screen.close();
      process.stdout.write(`What was received is in ${run.receivedFolder}\n`);
    };
  }
  const lines = lineWriter(once === true, json === true, settings.log.level);
  const stopListening = feed.listen(lines);
  const input = once || process.stdin.isTTY ? null : createInterface({ input: process.stdin });
  input?.on("line", (line) => {
    const asked = commandOfLine(line);
    if (asked) command(asked);
    else if (line.trim() !== "")
      process.stderr.write(`not one of ${COMMANDS.join(", ")}: ${printable(line)}\n`);
  });
  return () => {
    stopListening();
    input?.close();
  };
}

const LEVELS = ["debug", "info", "warn", "error"] as const;

/** Plain lines; JSON lines; and with `--once --json`, of which the result is all of stdout, only what went wrong. */
function lineWriter(
  once: boolean,
  json: boolean,
  level: Settings["log"]["level"],
): (happening: Happening) => void {
  const isWanted = (happening: Happening, least: Settings["log"]["level"]) =>
    happening.what !== "log" || LEVELS.indexOf(happening.level) >= LEVELS.indexOf(least);
  if (json && !once) {
    return (happening) => {
      if (happening.what !== "queues" && isWanted(happening, level))
        process.stdout.write(jsonLine(happening));
    };
  }
  return (happening) => {
    const line = isWanted(happening, json ? "warn" : level) ? logLine(happening) : null;
    if (line === null) return;
    if (!json) process.stdout.write(`${line}\n`);
    else if (happening.what === "log" || happening.what === "refused") process.stderr.write(`${line}\n`);
  };
}

function jsonLine({ atMs, utcMs, ...fact }: Happening): string {
  return `${JSON.stringify({ time: new Date(utcMs).toISOString(), atMs: Math.round(atMs * 10) / 10, ...fact })}\n`;
}

/** Signals ask the agent to end; a bug ends the process, with the terminal as it was. */
function onTheWayOut(dataFolder: string, run: LiveRun, close: () => void): void {
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => run.requestStop());
  // Nobody reads any more, as with `| head`.
  process.stdout.on("error", () => run.requestStop());
  process.on("uncaughtException", (error) => {
    close();
    recordCrash(dataFolder, Date.now(), error);
    process.stderr.write(`porchlight-sim: this is a bug: ${error.stack ?? error}\n`);
    process.exit(new Bug("").exitCode);
  });
}
