import { randomBytes, randomInt } from "node:crypto";
import { writeFileSync } from "node:fs";
import type { Override } from "../../agent/config/load.ts";
import { UsageError, WorldError } from "../../agent/contract/errors.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { configurationOver } from "../live/settings.ts";
import { ReferenceConsumer } from "./reference.ts";
import { conformanceJunit, reportLines } from "./report.ts";
import { prefixOf, runConformance } from "./run.ts";

/** The command line of `porchlight-sim conformance`, as it was given. */
export interface ConformanceFlags {
  broker?: string;
  protocol?: string;
  config?: string;
  run?: string;
  wait: string;
  case?: string[];
  reference?: true;
  json?: true;
  junit?: string;
}

const FLAG = "porchlight-sim conformance";
/** What a case's doorbell does besides is in nobody's way. */
const DEFAULTS: readonly Override[] = [
  { path: "device.id", value: "conformance", flag: FLAG },
  { path: "motion.watch", value: false, flag: FLAG },
  { path: "clip.segmentBytes", value: 32_768, flag: FLAG },
];
/** A name on the wire has 36 characters. */
const RUN = /^[a-z0-9]{3,8}$/;

/**
 * `porchlight-sim conformance`: judges the consumer that is on this broker. Answers the exit code: 0 when nothing
 * failed, 1 when a case did.
 * @throws PorchlightError in words for whoever must act.
 */
export async function conformance(flags: ConformanceFlags, print: (line: string) => void): Promise<number> {
  const run = flags.run ?? randomBytes(4).toString("hex");
  if (!RUN.test(run)) throw new UsageError(`--run is 3 to 8 of a-z and 0-9, not ${JSON.stringify(run)}`);
  const waitMs = waitOf(flags.wait);
  const settings = settingsOf(flags);
  const reference = flags.reference ? new ReferenceConsumer({ settings: settings.broker, run }) : null;
  await reference?.start();
  try {
    if (!flags.json) print(`doorbells ${prefixOf(run)}…, questions on porchlight-conformance/${run}/ask`);
    const seed = randomInt(2 ** 40);
    const result = await runConformance({ settings, run, waitMs, seed, only: flags.case ?? [] });
    if (flags.json) print(JSON.stringify(result));
    else for (const line of reportLines(result)) print(line);
    if (flags.junit !== undefined) write(flags.junit, conformanceJunit(result));
    return result.ok ? 0 : 1;
  } finally {
    await reference?.stop();
  }
}

function settingsOf({ broker, protocol, config }: ConformanceFlags): Settings {
  const given: Override[] = [];
  if (broker !== undefined) given.push({ path: "broker.urls", value: broker, flag: "--broker" });
  if (protocol !== undefined) given.push({ path: "broker.protocol", value: protocol, flag: "--protocol" });
  const { settings, ownBroker } = configurationOver(DEFAULTS, config, given, process.cwd());
  if (ownBroker || settings.broker.urls.length > 1)
    throw new UsageError(`${FLAG}: name the one broker that the consumer is on: --broker mqtt://HOST:PORT`);
  return settings;
}

function waitOf(text: string): number {
  const seconds = /^[0-9]{1,3}$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > 300)
    throw new UsageError(`--wait is a whole number of seconds from 1 to 300, not ${JSON.stringify(text)}`);
  return seconds * 1_000;
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new WorldError(`--junit ${file}: cannot be written: ${why}`, { cause: error });
  }
}
