import { cpSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { bundlePrograms } from "./bundle.mjs";
import { step } from "./progress.mjs";
import { run, SetUpError } from "./run.mjs";

const SOURCES = ["agent", "device", "simulator"];
const SETTINGS = ["tsconfig.json", "tsconfig.build.json", "package-lock.json", "tools/bundle.mjs"];
/** Files that are no source and come along. */
const ASSETS = "simulator/scenarios/gallery";
/** What `dist/` was built from. */
const STAMP = "dist/.built-from";

/** Brings `dist/` up to date with the sources, if it is not. */
export async function needBuild() {
  const inputs = fingerprint();
  if (existsSync(STAMP) && readFileSync(STAMP, "utf8") === inputs) return;
  await step("TypeScript: building dist/", () => compile("tsconfig.build.json"));
  removeOrphans("dist");
  rmSync(`dist/${ASSETS}`, { recursive: true, force: true });
  cpSync(ASSETS, `dist/${ASSETS}`, { recursive: true });
  await step("Programs: bundling dist/bin/", bundlePrograms);
  writeFileSync(STAMP, inputs);
}

/**
 * Compiles one project.
 * @param {string} project its tsconfig
 */
export async function compile(project) {
  const { code, output } = await run(process.execPath, ["node_modules/typescript/bin/tsc", "-p", project]);
  if (code !== 0)
    throw new SetUpError(`${output.trimEnd()}\nthe build failed (the compiler's words are above)`);
}

/** Name, size and time of everything that goes into the build. */
function fingerprint() {
  const files = SOURCES.flatMap((folder) => filesBelow(folder).filter((file) => file.endsWith(".ts")));
  return [...files.sort(), ...filesBelow(ASSETS).sort(), ...SETTINGS]
    .map((file) => {
      const { size, mtimeMs } = statSync(file);
      return `${file} ${size} ${mtimeMs}\n`;
    })
    .join("");
}

/**
 * Removes what a source left in `dist/` that is no longer there: nothing may import it any more.
 * @param {string} output
 */
function removeOrphans(output) {
  for (const file of filesBelow(output)) {
    const source = file.slice(output.length + 1).replace(/\.(js(\.map)?|d\.ts)$/, ".ts");
    if (source.endsWith(".ts") && !existsSync(source)) rmSync(file);
  }
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
