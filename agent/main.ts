#!/usr/bin/env node
import { Command } from "commander";
import { pino } from "pino";
import { Agent, linuxPorts } from "./compose.ts";
import { type Configuration, loadConfiguration, type Override } from "./config/load.ts";
import { printConfiguration } from "./config/print.ts";
import { Bug, PorchlightError } from "./contract/errors.ts";
import { initialState } from "./core/state.ts";
import { modeAfterCrashes, recordCrash } from "./crash-record.ts";
import { JournalWriter } from "./journal.ts";
import { readVersion } from "./version.ts";

interface AgentFlags {
  config?: string;
  broker?: string;
  camera?: string;
  data?: string;
  button?: string;
  journal?: string;
  printConfig?: true;
}

const program = new Command("porchlight")
  .description("Open doorbell firmware: what a device runs")
  .version(readVersion());

program
  .command("agent")
  .description("Run the doorbell: button, camera, outbox and uplink, against a broker")
  .option("--config <file>", "YAML file with settings")
  .option("--broker <url>", "broker.urls: one broker")
  .option("--camera <source>", "camera.source: test, file:PATH or none")
  .option("--data <folder>", "device.dataFolder")
  .option("--button <device>", "button.device: an input event device, or none")
  .option("--journal <file>", "write every input to this file, for a replay")
  .option("--print-config", "print every setting with its unit, default and origin, and exit")
  .action(runAgent);

await program.parseAsync().catch(endOn);

async function runAgent(flags: AgentFlags): Promise<void> {
  const configuration = loadConfiguration({
    file: flags.config,
    overrides: overridesOf(flags),
    folder: process.cwd(),
  });
  if (flags.printConfig) {
    process.stdout.write(printConfiguration(configuration));
    return;
  }
  const exitCode = await runUntilEnd(configuration, flags.journal);
  process.exit(exitCode);
}

function overridesOf(flags: AgentFlags): Override[] {
  const settings = {
    broker: "broker.urls",
    camera: "camera.source",
    data: "device.dataFolder",
    button: "button.device",
  } as const;
  return (["broker", "camera", "data", "button"] as const).flatMap((name) => {
    const value = flags[name];
    return value === undefined ? [] : [{ path: settings[name], value, flag: `--${name}` }];
  });
}

async function runUntilEnd({ settings }: Configuration, journalFile: string | undefined): Promise<number> {
  const log = pino(
    { level: settings.log.level, base: { device: settings.device.id } },
    pino.destination({ sync: true }),
  );
  const { dataFolder } = settings.device;
  const journal = journalFile === undefined ? null : new JournalWriter(journalFile, initialState(settings));
  // A bug leaves a state that nobody can trust: the process ends, and whoever started it starts it again.
  process.on("uncaughtException", (error) => {
    const unrecorded = recordCrash(dataFolder, Date.now());
    log.fatal({ err: error, ...(unrecorded && { unrecorded }) }, "this is a bug: the agent ends");
    process.exit(new Bug("").exitCode);
  });
  return new Promise((resolve) => {
    const agent = new Agent({
      ports: linuxPorts(settings, (line) => log.warn(line)),
      settings,
      version: readVersion(),
      mode: modeAfterCrashes(dataFolder, Date.now()),
      log: ({ level, message, facts }) => log[level](facts, message),
      ended: (exitCode, reason) => {
        if (exitCode !== 0) process.stderr.write(`porchlight: ${reason}\n`);
        void agent.close().then(() => resolve(exitCode));
      },
      ...(journal && { observe: journal.write.bind(journal) }),
    });
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => agent.requestStop());
    agent.start();
  });
}

function endOn(error: unknown): never {
  if (!(error instanceof PorchlightError)) throw error;
  process.stderr.write(`${error.message.replaceAll(/^/gm, "porchlight: ")}\n`);
  process.exit(error.exitCode);
}
