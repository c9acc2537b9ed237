import { existsSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { step } from "./progress.mjs";
import { isInstalled, run, SetUpError } from "./run.mjs";
import { needSystemPackages } from "./system-packages.mjs";

/** Debian 12 has RabbitMQ 3.10, whose sessions do not outlive a node; Debian 13 has 4.0. */
const SUITE = "trixie";
/** A root file system that holds it, made once and kept between runs; test/fixtures/rabbitmq.ts looks at the same place. */
const ROOT = process.env.PORCHLIGHT_RABBITMQ_ROOT ?? "/var/cache/porchlight/rabbitmq-4";
const MMDEBSTRAP = [{ name: "mmdebstrap", isThere: () => isInstalled("mmdebstrap") }];

/**
 * Makes the root that RabbitMQ 4 runs in, if it is not there. Without it all other tests can run: what is missing is
 * said in one line, and again by the tests that need it.
 */
export async function needRabbitmqRoot() {
  if (existsSync(ROOT)) return;
  try {
    if (process.getuid?.() !== 0) throw new SetUpError("only root can make it: run `npm test` as root once");
    await needSystemPackages(MMDEBSTRAP, "the tests with RabbitMQ");
    await step("RabbitMQ 4: making a root file system of Debian packages, about a minute", make);
  } catch (error) {
    if (!(error instanceof SetUpError)) throw error;
    process.stderr.write(`RabbitMQ 4 is missing in ${ROOT}, and its tests will fail: ${error.message}\n`);
  }
}

async function make() {
  const unfinished = `${ROOT}.${process.pid}`;
  mkdirSync(dirname(ROOT), { recursive: true });
  const unneeded = ["doc", "man", "locale"].map((name) => `--dpkgopt=path-exclude=/usr/share/${name}/*`);
  const { code, output } = await run("mmdebstrap", [
    ...["--variant=essential", "--include=rabbitmq-server", ...unneeded],
    ...[SUITE, unfinished, await mirror()],
  ]);
  if (code !== 0) {
    rmSync(unfinished, { recursive: true, force: true });
    throw new SetUpError(`mmdebstrap failed: ${output.trim().split("\n").slice(-3).join(" ")}`);
  }
  // Another run may have been faster.
  if (existsSync(ROOT)) rmSync(unfinished, { recursive: true, force: true });
  else renameSync(unfinished, ROOT);
}

/** Where this machine has its Debian packages from (apt-get(8), indextargets). */
async function mirror() {
  const [, codename = ""] = /^VERSION_CODENAME=(\S+)$/m.exec(readFileSync("/etc/os-release", "utf8")) ?? [];
  const { output } = await run("apt-get", [
    "indextargets",
    ...["--format", "$(CODENAME) $(LABEL) $(SITE)", "Created-By: Packages"],
  ]);
  const start = `${codename} Debian `;
  const line = output.split("\n").find((text) => text.startsWith(start));
  if (line === undefined) throw new SetUpError(`apt has no source of Debian ${codename} to take it from`);
  return line.slice(start.length);
}
