import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { step } from "./progress.mjs";
import { run, SetUpError } from "./run.mjs";
import { FOR_COMPILING, needSystemPackages } from "./system-packages.mjs";

/** Brings `node_modules` to what `package-lock.json` says, with SQLite's native part and ffmpeg ready to run. */
export async function needNpmPackages() {
  if (!areCurrent()) {
    // Scripts come after this, one by one: SQLite's may need a compiler, and that is better said in one line.
    await step("npm packages: fetching", () => npm(["ci", "--ignore-scripts", "--include=dev"]));
  }
  makeFfmpegExecutable();
  if (!(await sqliteWorks())) await buildSqlite();
}

/** Whether what npm last installed is what the lock asks for; packages of other platforms may be missing. */
function areCurrent() {
  const wanted = packagesIn("package-lock.json");
  const installed = packagesIn("node_modules/.package-lock.json");
  return Object.entries(wanted).every(([path, { integrity, optional }]) => {
    if (path === "") return true;
    const found = installed[path];
    return found === undefined ? optional === true : found.integrity === integrity && existsSync(path);
  });
}

/**
 * @param {string} lockFile
 * @returns {Record<string, { integrity?: string, optional?: boolean }>}
 */
function packagesIn(lockFile) {
  return existsSync(lockFile) ? JSON.parse(readFileSync(lockFile, "utf8")).packages : {};
}

/** Its own install script does only this. */
function makeFfmpegExecutable() {
  const folder = "node_modules/@ffmpeg-installer";
  for (const platform of readdirSync(folder)) {
    const ffmpeg = join(folder, platform, "ffmpeg");
    if (!existsSync(ffmpeg)) continue;
    const { mode } = statSync(ffmpeg);
    if ((mode & 0o100) === 0) chmodSync(ffmpeg, mode | 0o755);
  }
}

async function sqliteWorks() {
  const open = 'new (require("better-sqlite3"))(":memory:").close()';
  return (await run(process.execPath, ["-e", open])).code === 0;
}

/** Takes the ready-made native part for this Node if it can be fetched, else compiles it (about two minutes). */
async function buildSqlite() {
  const rebuild = () => npm(["rebuild", "better-sqlite3"]);
  try {
    await step("SQLite for this Node: fetching or compiling, which can take two minutes", rebuild);
  } catch (error) {
    if (FOR_COMPILING.every(({ isThere }) => isThere())) throw error;
    await needSystemPackages(FOR_COMPILING, "compiling SQLite");
    await step("SQLite for this Node: compiling, which can take two minutes", rebuild);
  }
  if (!(await sqliteWorks()))
    throw new SetUpError("better-sqlite3 was built, and yet it does not load in this Node");
}

/** @param {readonly string[]} args */
async function npm(args) {
  const { code, output } = await run("npm", args, { env: nodeHeaders() });
  if (code !== 0)
    throw new SetUpError(`${output.trimEnd()}\nnpm ${args.join(" ")} failed (its words are above)`);
}

/** Node's own headers, where they came with it, save fetching them. */
function nodeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  const given = process.env.npm_config_nodedir !== undefined;
  return !given && existsSync(join(prefix, "include/node/node.h")) ? { npm_config_nodedir: prefix } : {};
}
