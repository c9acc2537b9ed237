import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SetUpError } from "./run.mjs";

const FOLDER = "dist/bin";
/** What starts as a process or a thread of its own, and its file in `dist/bin/`; a starter looks there by that name. */
const ENTRIES = {
  porchlight: "agent/main.ts",
  "porchlight-owner": "agent/owner/main.ts",
  "porchlight-sim": "simulator/main.ts",
  "storage-worker": "device/linux/storage/storage-worker.ts",
  "picture-process": "device/linux/ffmpeg/picture-process.ts",
  "doorbell-process": "simulator/scenarios/live/doorbell-process.ts",
  "worlds-worker": "simulator/virtual/worlds-worker.ts",
};
/** These bring native code or a program along, and stay in node_modules. */
const NATIVE = ["better-sqlite3", "sharp", "@ffmpeg-installer/ffmpeg"];

/**
 * Joins each program with the libraries it uses into one file: Node then opens one file at the start instead of a
 * thousand. Readable as it is, with source maps beside it and the libraries' licences in LICENSES.txt.
 */
export async function bundlePrograms() {
  const { rolldown } = await import("rolldown");
  rmSync(FOLDER, { recursive: true, force: true });
  const outputs = await Promise.all(
    Object.entries(ENTRIES).map(async ([name, input]) => {
      const bundle = await rolldown({
        input,
        platform: "node",
        external: NATIVE,
        // Libraries of the old kind name files beside their own; of those that are used, none is opened.
        transform: { define: { __dirname: "import.meta.dirname" } },
        onLog: (_level, { message }) => {
          throw new SetUpError(`${name} cannot be bundled: ${message}`);
        },
      });
      const file = join(FOLDER, `${name}.js`);
      const { output } = await bundle.write({ file, sourcemap: true, codeSplitting: false });
      await bundle.close();
      return output[0].moduleIds;
    }),
  );
  writeFileSync(join(FOLDER, "LICENSES.txt"), licencesOf(outputs.flat()));
}

/**
 * The licences of the packages that these modules are of.
 * @param {readonly string[]} modules
 */
function licencesOf(modules) {
  const folders = modules.map((id) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(id)?.[0] ?? "");
  const texts = [...new Set(folders)].filter((folder) => folder !== "").map(licenceOf);
  return [...new Set(texts)].sort().join("\n");
}

/** @param {string} folder */
function licenceOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)(\.|$)/i.test(entry));
  const text = file && existsSync(join(folder, file)) ? readFileSync(join(folder, file), "utf8").trim() : "";
  return `${"-".repeat(80)}\n${name} ${version}: ${license}\n\n${text}\n`;
}
