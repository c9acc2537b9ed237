import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { programFile, startProgram } from "../fixtures/programs.ts";
import { until } from "../fixtures/until.ts";

const folder = mkdtempSync(join(tmpdir(), "porchlight-scenario-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const GOOD =
  "name: Somebody rings\nsteps:\n  - wait: 10s\n  - press\n  - say: hello\n  - expect: { ring: 1 }\n";
const write = (name: string, text: string) => {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
};
const good = write("good.yaml", GOOD);
const failing = write("failing.yaml", `${GOOD}  - expect: { none: press, for: 10s }\n`);
const wrong = write("wrong.yaml", "name: x\nsteps:\n  - wait: 5sec\n  - pres\n");

async function scenario(...args: string[]) {
  const program = startProgram("simulator", ["scenario", ...args]);
  const { code } = await program.ended;
  return { code, lines: program.stdout().trimEnd().split("\n"), stderr: program.stderr() };
}

describe("porchlight-sim scenario", () => {
  it("plays a file: what held, and how long it took", async () => {
    const { code, lines, stderr } = await scenario(good);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(lines[0]).toMatch(
      /^passed {2}Somebody rings: 1 expectation held, 37\.4s of virtual time in \d+ ms$/,
    );
    expect(lines[1]).toBe("  10.4s: hello");
  });

  it("ends with 1 when an expectation does not hold, and says where and what was seen", async () => {
    const report = join(folder, "report.xml");
    const { code, lines } = await scenario(good, failing, "--junit", report);
    expect(code).toBe(1);
    expect(lines.filter((line) => /^(passed|FAILED)/.test(line))).toHaveLength(2);
    expect(lines).toContainEqual(
      expect.stringMatching(/failing\.yaml:7:5: expected no press; seen: 1 × event start, .*1 × event press/),
    );
    const xml = readFileSync(report, "utf8");
    expect(xml).toContain('<testsuites tests="2" failures="1" errors="0" skipped="0"');
    expect(xml).toContain("failing.yaml:7:5: expected no press");
  });

  it("ends with 2 when a file is wrong, tells each mistake, and plays nothing", async () => {
    const { code, lines, stderr } = await scenario(good, wrong);
    expect({ code, lines }).toEqual({ code: 2, lines: [""] });
    expect(stderr.trimEnd().split("\n")).toEqual([
      `porchlight-sim: ${wrong}:3:11: wait: found "5sec", allowed: a duration such as 200ms, 2.5s, 90m or 1h2m3.5s (did you mean 5s?)`,
      `porchlight-sim: ${wrong}:4:5: there is no step pres; did you mean press?`,
    ]);
  });

  it.each([
    [[], "name a file or a story of the gallery (--list shows them), or play --all"],
    [
      ["a-parcel-is-deliverd"],
      "neither a file nor a story of the gallery; did you mean a-parcel-is-delivered?",
    ],
    [["the-c"], "did you mean the-camera-is-unplugged or the-card-fills-up?"],
    [["nowhere.yaml"], "nowhere.yaml: cannot be read: there is no such file"],
    [["--all", "x.yaml"], "--all plays the gallery: name no files beside it"],
    [["--al"], "unknown option '--al'"],
  ])("%j is refused with exit code 2", async (args, message) => {
    const { code, stderr } = await scenario(...args);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it("has its gallery with it, and plays a story by a part of its name, as JSON", async () => {
    const { lines } = await scenario("--list");
    expect(lines.length).toBeGreaterThanOrEqual(14);
    const { code, lines: results } = await scenario("parcel", "--json");
    expect(code).toBe(0);
    expect(results).toHaveLength(1);
    expect(JSON.parse(results[0] ?? "")).toMatchObject({
      ...{ name: "A parcel is delivered", stage: "virtual", passed: true, failure: null, violations: [] },
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it("is the same run in another process", async () => {
    const run = async () => JSON.parse((await scenario("router", "--json")).lines[0] ?? "").fingerprint;
    expect(await run()).toBe(await run());
  });

  it("plays again when the file changes, also while that is wrong, until it is interrupted", async () => {
    const file = write("watched.yaml", GOOD);
    const program = startProgram("simulator", ["scenario", file, "--watch"]);
    const times = (pattern: RegExp) => program.stdout().match(pattern)?.length ?? 0;
    try {
      await until(() => times(/^watching /gm) === 1, "it has been played once");
      writeFileSync(file, `${GOOD}  - jump\n`);
      await until(() => times(/watched\.yaml:7:5: there is no step jump/g) >= 1, "the mistake is told");
      writeFileSync(file, `${GOOD}  - expect: { none: press }\n`);
      await until(() => times(/^FAILED/gm) >= 1, "it has failed");
      program.child.kill("SIGINT");
      expect(await program.ended).toEqual({ code: 1, signal: null });
    } finally {
      await program.end("SIGKILL");
    }
  });
});

it("porchlight/sim is there for whoever installs the package", async () => {
  const entry = new URL("../../package.json", `file://${programFile("simulator")}`);
  const { exports } = JSON.parse(readFileSync(entry, "utf8"));
  const at = (path: string) => new URL(path, entry);
  expect(readFileSync(at(exports["./sim"].types), "utf8")).toContain("createWorld");
  const { createWorld } = await import(at(exports["./sim"].default).href);
  const world = createWorld({ seed: 7 });
  const door = world.doorbell();
  door.press();
  world.advance("2s");
  expect(door.events("press")).toHaveLength(1);
});
