import { availableParallelism } from "node:os";
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

/** These measure time, or need the machine's whole strength: one after the other, and nothing beside them. */
const ALONE = [
  "camera-awkward",
  "camera-rtsp",
  "capture",
  "capture-faults",
  "capture-mask",
  "capture-still",
  "fleet",
  "motion-footage",
  "scenario-live",
];
const alone = ALONE.map((name) => `test/integration/${name}.test.ts`);

export default defineConfig({
  test: {
    // Vitest leaves a core to itself, which of two is half.
    maxWorkers: Math.max(2, availableParallelism() - 1),
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
        // Most of them wait, for footage in real time and for pauses to be over: two do so side by side.
        test: {
          name: "integration",
          include: ["test/integration/**/*.test.ts"],
          exclude: alone,
          testTimeout: 120_000,
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
      {
        resolve: onWhatShips,
        test: {
          name: "integration-alone",
          include: alone,
          testTimeout: 120_000,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
