// `npm test`: sets up what is missing, then every check; arguments go to vitest.
import { run } from "./run.mjs";
import { setUp } from "./setup.mjs";

const CHECKS = [
  { name: "Biome", file: "@biomejs/biome/bin/biome", args: ["check", "--error-on-warnings"] },
  { name: "TypeScript", file: "typescript/bin/tsc", args: ["-p", "tsconfig.json"] },
  { name: "TypeScript (tools)", file: "typescript/bin/tsc", args: ["-p", "tools/tsconfig.json"] },
  {
    name: "dependency-cruiser",
    file: "dependency-cruiser/bin/dependency-cruise.mjs",
    args: ["--config", ".dependency-cruiser.mjs", "agent", "device", "simulator", "test"],
  },
  { name: "knip", file: "knip/bin/knip.js", args: [] },
  { name: "vitest", file: "vitest/vitest.mjs", args: ["run", ...process.argv.slice(2)] },
];

await setUp("test");
for (const { name, file, args } of CHECKS) {
  const startedAt = Date.now();
  const { code } = await run(process.execPath, [`node_modules/${file}`, ...args], { show: true });
  if (code !== 0) {
    process.stderr.write(`npm test: ${name} found what must be mended (above)\n`);
    process.exit(code);
  }
  // The last one ends with its own line, the totals.
  if (name !== "vitest") process.stderr.write(`npm test: ${name}: right, ${secondsSince(startedAt)} s\n`);
}

/** @param {number} startedAt */
function secondsSince(startedAt) {
  return ((Date.now() - startedAt) / 1000).toFixed(1);
}
