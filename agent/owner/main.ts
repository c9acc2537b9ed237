#!/usr/bin/env node
import { Command } from "commander";
import { PorchlightError, UsageError } from "../contract/errors.ts";
import { DEVICE_ID } from "../contract/topics.ts";
import { readVersion } from "../version.ts";
import { makeKey, readKey, signConfiguration } from "./key.ts";
import { type BrokerOptions, setConfiguration } from "./set.ts";
import { readOwnerSettings } from "./settings-file.ts";

const program = new Command("porchlight-owner")
  .description("What the owner of a doorbell runs: their key, and what needs their signature")
  .version(readVersion());

program
  .command("keys")
  .description("The owner's key")
  .command("init")
  .description("Make one, in a new file that only you can read; prints the public half, for owner.publicKey")
  .requiredOption("--out <file>", "where it is put; never overwritten")
  .action(async ({ out }: { out: string }) => say(await makeKey(out)));

const config = program.command("config").description("Settings that need the owner's signature");

config
  .command("sign")
  .description(
    "Print the signed form (a compact JWS) of the settings in a YAML file: all of yours for a device",
  )
  .argument("<settings>", "YAML file, such as `privacy: { masks: [...] }`")
  .requiredOption("--key <file>", "the owner's key")
  .requiredOption("--device <id>", "the only device that takes it")
  .requiredOption(
    "--counter <number>",
    "larger than the last one that the device took (ownerCounter in config/reported)",
  )
  .action(async (file: string, flags: { key: string; device: string; counter: string }) => {
    const counter = wholeNumber("--counter", flags.counter, Number.MAX_SAFE_INTEGER);
    const settings = readOwnerSettings(file);
    const issuedAt = new Date().toISOString();
    const key = await readKey(flags.key);
    say(await signConfiguration(key, { deviceId: deviceId(flags.device), counter, issuedAt, settings }));
  });

config
  .command("set")
  .description(
    "Sign the settings in a YAML file, give them to a device, and wait until it has them or refuses",
  )
  .argument("<settings>", "YAML file")
  .requiredOption("--key <file>", "the owner's key")
  .requiredOption("--device <id>", "the device")
  .requiredOption("--broker <url>", "its broker")
  .option("--username <name>", "user name at the broker")
  .option("--password-file <file>", "file whose first line is the password; else PORCHLIGHT_BROKER_PASSWORD")
  .option("--ca-file <file>", "certificate authorities of the broker, PEM")
  .option("--cert-file <file>", "your certificate, PEM")
  .option("--key-file <file>", "its private key, PEM")
  .option("--wait <seconds>", "how long to wait for the answer", "420")
  .action(async (file: string, flags: BrokerOptions & { key: string; device: string; wait: string }) => {
    const waitMs = 1_000 * wholeNumber("--wait", flags.wait, 86_400);
    const settings = readOwnerSettings(file);
    const key = await readKey(flags.key);
    const version = await setConfiguration(key, deviceId(flags.device), settings, flags, waitMs);
    say(`version ${version} applied`);
  });

await program.parseAsync().catch((error: unknown) => {
  if (!(error instanceof PorchlightError)) throw error;
  process.stderr.write(`${error.message.replaceAll(/^/gm, "porchlight-owner: ")}\n`);
  process.exit(error.exitCode);
});

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function deviceId(text: string): string {
  if (DEVICE_ID.test(text)) return text;
  throw new UsageError("--device: allowed: 3 to 36 characters of a-z, 0-9 and -");
}

function wholeNumber(flag: string, text: string, maximum: number): number {
  const number = Number(text);
  if (/^[0-9]{1,16}$/.test(text) && number >= 1 && number <= maximum) return number;
  throw new UsageError(`${flag}: found ${text.slice(0, 40)}, allowed: a whole number from 1 to ${maximum}`);
}
