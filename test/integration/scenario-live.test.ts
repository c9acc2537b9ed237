import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { commandOf, factsOf } from "../fixtures/process-facts.ts";
import { startProgram } from "../fixtures/programs.ts";
import { until } from "../fixtures/until.ts";
import { playOnBoth } from "./stories/scenarios.ts";

const story = (name: string) => fileURLToPath(new URL(`../fixtures/scenarios/${name}.yaml`, import.meta.url));
const leftFolders = () => readdirSync(tmpdir()).filter((name) => name.startsWith("porchlight-scenario-"));

test("a scenario does the same live as in a virtual world: real broker, camera, agent and broken link", async () => {
  const { virtual, live, broker } = await playOnBoth(story("a-short-outage"));
  expect(broker).toMatch(/^mosquitto \S+ at mqtt:\/\/127\.0\.0\.1:\d+$/);
  expect(virtual).toMatchObject({ failure: null, held: 8, violations: [] });
  expect(live).toEqual(virtual);
});

test("Ctrl+C ends a live scenario in order, and nothing of it stays", async () => {
  const before = leftFolders();
  const run = startProgram("simulator", ["scenario", "--live", story("a-short-outage")]);
  await until(() => run.stdout().includes("live on mosquitto"), "the start", 30_000);
  const processes = factsOf(run.child.pid ?? 0).descendants;
  const names = processes.map((pid) => commandOf(pid).join(" "));
  for (const part of ["doorbell-process.js", "mosquitto", "-movflags"])
    expect(
      names.filter((name) => name.includes(part)),
      part,
    ).toHaveLength(1);
  await run.end("SIGINT");
  expect(await run.ended).toEqual({ code: 1, signal: null });
  expect(run.stderr()).toBe(`porchlight-sim: ${story("a-short-outage")}: interrupted by SIGINT\n`);
  expect(processes.filter((pid) => commandOf(pid).length > 0)).toEqual([]);
  expect(leftFolders().filter((name) => !before.includes(name))).toEqual([]);
});

test("what cannot be played live is refused with its place, before anything starts", async () => {
  const folder = mkdtempSync(join(tmpdir(), "porchlight-refused-"));
  try {
    const file = join(folder, "full.yaml");
    writeFileSync(file, "name: full\nsteps:\n  - press\n  - fault: spool.full\n    for: 5s\n");
    const run = startProgram("simulator", ["scenario", "--live", story("a-short-outage"), file]);
    expect(await run.ended).toEqual({ code: 2, signal: null });
    expect(run.stdout()).toBe("");
    expect(run.stderr()).toBe(
      `porchlight-sim: ${file}:4:5: spool.full cannot be played live: this machine's own disk would have to be filled or spoilt\n`,
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
});
