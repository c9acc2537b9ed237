import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { ROOT } from "./setup.mjs";

/**
 * Goes on as another program in this same process, as `exec` would: terminal, signals and exit code are its own.
 * @param {string} program path from the project's folder
 * @param {readonly string[]} args
 */
export async function become(program, args) {
  const file = join(ROOT, program);
  process.argv.splice(1, process.argv.length, file, ...args);
  await import(pathToFileURL(file).href);
}
