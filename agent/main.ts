#!/usr/bin/env node
import { Command } from "commander";
import { type Logger, pino } from "pino";
import { type BrokerConfigFlags, brokerConfig } from "./broker-config/command.ts";
import { Agent, linuxPorts } from "./compose.ts";
import type { Override } from "./config/load.ts";
import { printConfiguration } from "./config/print.ts";
import { Bug, PorchlightError, UsageError } from "./contract/errors.ts";
import type { Settings } from "./contract/settings.ts";
import { initialState } from "./core/state.ts";
import { crashesIn, modeAfterCrashes, recordCrash } from "./crash-record.ts";
import { JOURNAL_BYTES, JournalWriter } from "./journal/journal-writer.ts";
import { recordRestart, restartsIn } from "./restart-record.ts";
import {
  type ConfigurationSource,
  configurationForStart,
  readConfiguration,
  type StartConfiguration,
} from "./start-configuration.ts";
import { readVersion } from "./version.ts";

interface AgentFlags {
  config?: string;
  broker?: string;
  camera?: string;
  data?: string;
  button?: string;
  journal?: string;
  journalMaxBytes?: string;
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
  .option(
    "--journal <file>",
    "write every input to this file, for porchlight-sim replay; no video, no secret",
  )
  .option(
    "--journal-max-bytes <number>",
    `bound of that file, after which it begins anew; the one before stays as FILE.1 (${JOURNAL_BYTES.default})`,
  )
  .option("--print-config", "print every setting with its unit, default and origin, and exit")
  .action(runAgent);

program
  .command("broker-config")
  .description("Print configuration and access rules for a broker: mosquitto or rabbitmq")
  .argument("<broker>", "mosquitto or rabbitmq")
  .option("--address <address>", "where it listens, with TLS", "127.0.0.1")
  .option("--port <port>", "its port", "8883")
  .option("--certificates <folder>", "folder of ca.crt, server.crt and server.key on the broker's machine")
  .option("--acl-file <file>", "where the access rules will stand on the broker's machine")
  .option("--data <folder>", "where mosquitto keeps what outlives it (/var/lib/mosquitto)")
  .option("--device <id...>", "ids of the devices (rabbitmq)")
  .option("--cloud <name...>", "common names of the cloud's certificates, one a connection (cloud)")
  .option("--home-assistant [name]", "discovery for Home Assistant, and its common name (home-assistant)")
  .option("--file-transfer", "EMQX's $file-async, where any device may write")
  .option("--node <name...>", "names of the cluster's nodes (rabbitmq)")
  .option("--only <part>", "configuration or acl alone")
  .action((broker: string, flags: BrokerConfigFlags) => {
    process.stdout.write(brokerConfig(broker, flags));
  });

await program.parseAsync().catch(endOn);

async function runAgent(flags: AgentFlags): Promise<void> {
  const from = { file: flags.config, overrides: overridesOf(flags), folder: process.cwd() };
  if (flags.printConfig) {
    process.stdout.write(printConfiguration(await readConfiguration(from)));
    return;
  }
  const maxBytes = journalBound(flags);
  const journal = flags.journal === undefined ? null : { file: flags.journal, maxBytes };
  const exitCode = await runUntilEnd(from, journal);
  process.exit(exitCode);
}

function journalBound({ journal, journalMaxBytes = `${JOURNAL_BYTES.default}` }: AgentFlags): number {
  const bytes = Number(journalMaxBytes);
  const { minimum, maximum } = JOURNAL_BYTES;
  if (!(/^[0-9]+$/.test(journalMaxBytes) && bytes >= minimum && bytes <= maximum)) {
    throw new UsageError(
      `--journal-max-bytes: found ${journalMaxBytes}, allowed: a whole number from ${minimum} to ${maximum} (bytes)`,
    );
  }
  if (journal === undefined && bytes !== JOURNAL_BYTES.default)
    throw new UsageError("--journal-max-bytes bounds a journal: name its file with --journal");
  return bytes;
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

type JournalTo = { file: string; maxBytes: number } | null;

/**
 * Runs the agent, and another one whenever configuration from the wire wants it: in this process, so that whoever started
 * it sees nothing of that and has nothing to do.
 */
async function runUntilEnd(from: ConfigurationSource, journalTo: JournalTo): Promise<number> {
  const stop = { isAsked: false, agent: null as Agent | null };
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      stop.isAsked = true;
      stop.agent?.requestStop();
    });
  }
  for (;;) {
    const warnings: string[] = [];
    const start = await configurationForStart(from, (line) => warnings.push(line));
    const { exitCode, again } = await runOnce(start, journalTo, (log, agent) => {
      for (const line of warnings) log.warn(line);
      stop.agent = agent;
    });
    if (!again || stop.isAsked) return exitCode;
  }
}

async function runOnce(
  { settings, atStart, isRolledBack, problemsOf }: StartConfiguration,
  journalTo: JournalTo,
  begins: (log: Logger, agent: Agent) => void,
): Promise<{ exitCode: number; again: boolean }> {
  const log = pino(
    { level: settings.log.level, base: { device: settings.device.id } },
    pino.destination({ sync: true }),
  );
  const { dataFolder } = settings.device;
  const journal = journalTo && beginJournal(journalTo, settings, log);
  // A bug leaves a state that nobody can trust: the process ends, and whoever started it starts it again.
  process.removeAllListeners("uncaughtException");
  process.on("uncaughtException", (error) => {
    const unrecorded = recordCrash(dataFolder, Date.now(), error);
    log.fatal({ err: error, ...(unrecorded && { unrecorded }) }, "this is a bug: the agent ends");
    process.exit(new Bug("").exitCode);
  });
  return new Promise((resolve) => {
    const agent = new Agent({
      ports: linuxPorts(settings, (line) => log.warn(line), problemsOf),
      settings,
      version: readVersion(),
      mode: isRolledBack ? "normal" : modeAfterCrashes(dataFolder, Date.now()),
      configuration: atStart,
      log: ({ level, message, facts }) => log[level](facts, message),
      restarts: restartsIn(dataFolder),
      crashes: crashesIn(dataFolder),
      ended: (exitCode, reason, { restart, again }) => {
        if (exitCode === 2) process.stderr.write(`porchlight: ${reason}\n`);
        const unrecorded = restart !== null && recordRestart(dataFolder, restart);
        if (unrecorded) log.error({ unrecorded }, "a repeated request may restart it once more");
        void agent.close().then(() => {
          journal?.close();
          resolve({ exitCode, again });
        });
      },
      ...(journal && {
        observe: (input, actions, state) => journal.write(input, actions, state),
        crashed: (input, error) => journal.crashed(input, error),
      }),
    });
    begins(log, agent);
    agent.start();
  });
}

function beginJournal(
  to: { file: string; maxBytes: number },
  settings: Settings,
  log: Logger,
): JournalWriter {
  const say = (level: "info" | "error", message: string) => log[level](message);
  return new JournalWriter({ ...to, version: readVersion(), say }, initialState(settings));
}

function endOn(error: unknown): never {
  if (!(error instanceof PorchlightError)) throw error;
  process.stderr.write(`${error.message.replaceAll(/^/gm, "porchlight: ")}\n`);
  process.exit(error.exitCode);
}
