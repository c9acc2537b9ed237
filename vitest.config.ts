import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Contract and integration tests run on `dist/`, the JavaScript that ships; the others run on the sources. */
const onWhatShips = {
  alias: [
    {
      find: /^(?:\.\.\/)+(agent|device|simulator)\/(.*)\.ts$/,
      replacement: fileURLToPath(new URL("dist/$1/$2.js", import.meta.url)),
    },
  ],
};

export default defineConfig({
  test: {
    reporters: ["default", "./tools/totals-reporter.mjs"],
    projects: [
      { test: { name: "unit", include: ["test/unit/**/*.test.ts"] } },
      { test: { name: "simulation", include: ["test/simulation/**/*.test.ts"], testTimeout: 240_000 } },
      {
        resolve: onWhatShips,
        test: { name: "contract", include: ["test/contract/**/*.test.ts"], testTimeout: 30_000 },
      },
      {
        resolve: onWhatShips,
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          testTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
