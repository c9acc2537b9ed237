// `node tools/freeze-wire.mjs YYYY-MM-DD`: keeps today's consumer, messages and asyncapi.yaml, for the tests of later weeks.
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { rolldown } from "rolldown";
import { SetUpError } from "./run.mjs";
import { orExplain } from "./setup.mjs";

/** Short runs that together have every kind of message, drops and aborted clips among them. */
const SEEDS = [37, 60];

await orExplain(async () => {
  const [date = ""] = process.argv.slice(2);
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date))
    throw new SetUpError("say the day: node tools/freeze-wire.mjs YYYY-MM-DD");
  const folder = join("test/fixtures/wire-v1", date);
  mkdirSync(folder, { recursive: true });
  await bundle("agent/consumer/index.ts", join(folder, "consumer.js"), true);
  const player = resolve(folder, "player.js");
  await bundle("test/fixtures/virtual-messages.ts", player, false);
  const { messagesOfSeed } = await import(pathToFileURL(player).href);
  rmSync(player);
  for (const seed of SEEDS) {
    const lines = messagesOfSeed(seed).map(
      (/** @type {unknown} */ message) => `${JSON.stringify(message)}\n`,
    );
    writeFileSync(join(folder, `messages-seed-${seed}.jsonl`), lines.join(""));
  }
  copyFileSync("asyncapi.yaml", join(folder, "asyncapi.yaml"));
  const commit = execFileSync("git", ["rev-parse", "HEAD"], { encoding: "utf8" }).trim();
  writeFileSync(join(folder, "commit.txt"), `${commit}\n`);
});

/**
 * One file with everything that it needs, so that no library's new version changes it.
 * @param {string} input
 * @param {string} file
 * @param {boolean} minify
 */
async function bundle(input, file, minify) {
  const made = await rolldown({ input, platform: "node" });
  await made.write({ file, minify, codeSplitting: false });
  await made.close();
}
