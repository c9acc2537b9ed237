#!/usr/bin/env node
import { Command } from "commander";
import { COMMANDS } from "../agent/contract/commands.ts";
import { PorchlightError } from "../agent/contract/errors.ts";
import { readVersion } from "../agent/version.ts";
import { type ConformanceFlags, conformance } from "./conformance/command.ts";
import { fleet } from "./fleet/command.ts";
import type { FleetFlags } from "./fleet/flags.ts";
import { type AskFlags, askCommand } from "./live/ask-command.ts";
import { type LiveOptions, live } from "./live/command.ts";
import { type ReplayFlags, replay } from "./replay/command.ts";
import { type ScenarioFlags, scenario } from "./scenarios/command.ts";
import { type ShrinkFlags, shrinkSeed } from "./scenarios/shrink-command.ts";
import { type WorldFlags, world } from "./virtual/command.ts";
import { terminalOutput } from "./virtual/terminal.ts";

const print = (line: string) => process.stdout.write(`${line}\n`);
const program = new Command("porchlight-sim")
  .description(
    "A doorbell without the hardware: the same agent, with a button, light, chime and camera of software",
  )
  .version(readVersion())
  .exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : 2));

program
  .command("live")
  .description("Run one doorbell here and now, with a broker and somebody who receives what it sends")
  .option("--camera <source>", "camera.source: test, file:PATH or none (test)")
  .option("--broker <url>", "broker.urls: one broker (its own, on a free port of the loopback interface)")
  .option("--protocol <version>", "broker.protocol: 5 or 3.1.1")
  .option("--data <folder>", "device.dataFolder (./porchlight-data)")
  .option("--config <file>", "YAML file with settings")
  .option(
    "--once",
    "ring once when the pre-roll has filled, wait for the clip, print what came of it, and end",
  )
  .option("--json", "print JSON lines; with --once the result alone, as the last line")
  .option("--print-config", "print every setting with its unit, default and origin, and exit")
  .action(async (options: LiveOptions) => process.exit(await live(options)));

program
  .command("command")
  .description(`Ask a doorbell for something, as a cloud does: ${Object.keys(COMMANDS).join(", ")}`)
  .argument("<name>", "the command")
  .option("--broker <url>", "broker.urls: where the doorbell is (mqtt://127.0.0.1:1883)")
  .option("--device <id>", "device.id of the doorbell (front-door)")
  .option("--params <json>", "its parameters", "{}")
  .option("--protocol <version>", "broker.protocol: 5 or 3.1.1")
  .option("--config <file>", "YAML file with settings of the broker: user name, password file, authorities")
  .option("--request-id <id>", "the same again is the same request, and done once (by chance)")
  .addHelpText("after", "\nExit code: 0 done, 1 refused or unanswered, 2 the command line is wrong")
  .action(async (name: string, flags: AskFlags) => {
    process.exitCode = await askCommand(name, flags, print);
  });

program
  .command("replay")
  .description("Run the journal of a device (porchlight agent --journal FILE) through the same core again")
  .argument("<file>", "the journal")
  .option("--at <when>", "show one input, its actions and the state: a number, or a time as in 12.5s")
  .option("--slice <name>", "with --at: show this part of the state whole")
  .option("--diff", "show what differs from the recorded actions, as when another version recorded them")
  .option("--limit <number>", "with --diff: so many inputs", "10")
  .option("--json", "print one line of JSON")
  .addHelpText(
    "after",
    "\nExit code: 0 the same actions, 1 other actions, 2 the journal cannot be read (to its end)",
  )
  .action((file: string, flags: ReplayFlags) => {
    process.stdout.on("error", endWithReader);
    const warn = (line: string) => process.stderr.write(`porchlight-sim: ${line}\n`);
    process.exitCode = replay(file, flags, { print, warn });
  });

program
  .command("world")
  .description("Run doorbells on a virtual clock, with faults drawn from a seed, and check what must hold")
  .option("--seed <number>", "one run, told in detail (1)")
  .option("--seeds <from..to>", "many runs on every core, and their totals")
  .option("--hours <number>", "virtual hours in which people ring and things go wrong", "1")
  .option("--doorbells <number>", "so many on one broker", "1")
  .option("--faults <level>", "none, mild or harsh", "harsh")
  .option("--trace", "print every line of the run's trace")
  .option("--json", "print JSON; the last line is the result")
  .action(async (flags: WorldFlags) => {
    process.stdout.on("error", endWithReader);
    const output = terminalOutput();
    process.exitCode = await world(flags, output).finally(() => output.end());
  });

program
  .command("shrink")
  .description("Cut the story of a failing seed to what it needs to fail, and write it as a scenario")
  .argument("<file>", "the scenario to be written: FILE.yaml")
  .option("--seed <number>", "the seed", "1")
  .option("--hours <number>", "as it was run", "1")
  .option("--doorbells <number>", "as it was run", "1")
  .option("--faults <level>", "as it was run", "harsh")
  .action((file: string, flags: ShrinkFlags) => {
    process.stdout.on("error", endWithReader);
    process.exitCode = shrinkSeed(file, flags, print);
  });

program
  .command("fleet")
  .description(
    "Open many real connections from one process, a whole agent behind each, ring them and measure",
  )
  .option("--doorbells <number>", "how many", "10")
  .option("--broker <url>", "broker.urls: one broker (its own, on a free port of the loopback interface)")
  .option("--protocol <version>", "broker.protocol: 5 or 3.1.1")
  .option("--config <file>", "YAML file with settings that all share; device.id begins each name")
  .option("--ramp <rate>", "how fast they start, all together: 50/s, 600/min", "50/s")
  .option("--presses <rate>", "how often each of them is pressed: 2/min, 10/h, 0/min", "2/min")
  .option(
    "--clips",
    "give each a camera: every press brings a snapshot and a clip, of bytes that show nothing",
  )
  .option("--storm <time>", "cut every connection at once, each time this has passed: 20s, 5min")
  .option("--seconds <number>", "how long people press, once all are connected", "60")
  .option("--seed <number>", "says who presses when", "1")
  .option("--json", "print the result as one line of JSON")
  .action(async (flags: FleetFlags) => {
    process.exitCode = await fleet(flags, print);
  });

program
  .command("scenario")
  .description("Play stories for testers (YAML): what is done to a doorbell, and what must come of it")
  .argument("[files...]", "files, or names of stories in the gallery")
  .option("--list", "show the gallery")
  .option("--all", "play the whole gallery")
  .option("--live", "play on this machine: real broker, real ffmpeg, the agent as a process, in real time")
  .option("--broker <url>", "with --live: mqtt://HOST:PORT (mosquitto, or the embedded broker)")
  .option("--camera <source>", "with --live: test or file:PATH")
  .option("--watch", "play again whenever a file changes")
  .option("--junit <file>", "write a JUnit report")
  .option("--json", "print each result as JSON")
  .action(async (files: string[], flags: ScenarioFlags) => {
    process.exitCode = await scenario(files, flags, print);
  });

program
  .command("conformance")
  .description(
    "Play awkward cases to the consumer on a broker, and judge the receipts and answers that come back",
  )
  .requiredOption("--broker <url>", "the broker that the consumer is on: mqtt://HOST:PORT")
  .option("--protocol <version>", "broker.protocol: 5 or 3.1.1")
  .option("--config <file>", "YAML file with settings, such as broker.username")
  .option("--run <id>", "stands in the names of the doorbells: 3 to 8 of a-z and 0-9 (by chance)")
  .option("--wait <seconds>", "how long anything is waited for", "5")
  .option("--case <names...>", "play these alone, after the first")
  .option("--reference", "judge our own consumer, which is started beside")
  .option("--junit <file>", "write a JUnit report")
  .option("--json", "print the result as one line of JSON")
  .action(async (flags: ConformanceFlags) => {
    process.exitCode = await conformance(flags, print);
  });

await program.parseAsync().catch(endOn);

/** Whoever read what is printed, such as `head`, has seen enough. */
function endWithReader(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit();
}

function endOn(error: unknown): never {
  if (!(error instanceof PorchlightError)) throw error;
  process.stderr.write(`${error.message.replaceAll(/^/gm, "porchlight-sim: ")}\n`);
  process.exit(error.exitCode);
}
