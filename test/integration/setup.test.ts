import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** A stand-in for the program that `npm start` becomes. */
const PROGRAM = `
import { greeting } from "../agent/greeting.ts";
process.on("SIGTERM", () => process.exit(7));
console.log(JSON.stringify({ greeting, args: process.argv.slice(2) }));
if (process.argv.includes("--wait")) setInterval(() => process.stdout.write("."), 50);
else process.exitCode = 3;
`;

/** The rest of what is bundled. */
const OTHER_ENTRIES = [
  "agent/main.ts",
  "agent/owner/main.ts",
  "device/linux/storage/storage-worker.ts",
  "device/linux/ffmpeg/picture-process.ts",
  "simulator/scenarios/live/doorbell-process.ts",
  "simulator/virtual/worlds-worker.ts",
];

let folder = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "porchlight-setup-"));
  cpSync(join(ROOT, "tools"), join(folder, "tools"), { recursive: true });
  for (const file of ["package.json", "package-lock.json", "tsconfig.json", "tsconfig.build.json"]) {
    cpSync(join(ROOT, file), join(folder, file));
  }
  symlinkSync(join(ROOT, "node_modules"), join(folder, "node_modules"));
  write("agent/greeting.ts", 'export const greeting = "hello";\n');
  write("agent/old.ts", "export const old = 1;\n");
  for (const entry of OTHER_ENTRIES) write(entry, "export const none = 1;\n");
  write("simulator/main.ts", PROGRAM);
  write("simulator/scenarios/gallery/story.yaml", "name: A story\n");
  // Stands in front of npm in every test: the packages here are the project's own.
  write("bin/npm", '#!/bin/sh\necho "npm was asked: $*"\nexit 1\n');
  chmodSync(join(folder, "bin/npm"), 0o755);
});

afterAll(() => rmSync(folder, { recursive: true }));

function write(file: string, text: string): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

function start(args: string[] = [], tool = "start", path = `${join(folder, "bin")}:${process.env.PATH}`) {
  const options = { cwd: folder, env: { ...process.env, PATH: path }, encoding: "utf8" } as const;
  return spawnSync(process.execPath, [`tools/${tool}.mjs`, ...args], options);
}

describe("npm start", () => {
  it("builds, then is the program: its arguments, its output, its exit code", () => {
    const { status, stdout, stderr } = start(["--once", "--json"]);
    expect(stderr).toMatch(
      /^TypeScript: building dist\/ …\n(?:.*\n)*Programs: bundling dist\/bin\/ …\n(?:.*\n)*Programs: bundling dist\/bin\/: done in \d+ s\n$/,
    );
    expect(stdout).toBe('{"greeting":"hello","args":["live","--once","--json"]}\n');
    expect(status).toBe(3);
  });

  it("says and does nothing when nothing is to be done", () => {
    const { status, stderr } = start();
    expect(stderr).toBe("");
    expect(status).toBe(3);
  });

  it("builds anew what has changed, and leaves nothing of what is gone", () => {
    write("agent/greeting.ts", 'export const greeting = "good evening";\n');
    unlinkSync(join(folder, "agent/old.ts"));
    expect(existsSync(join(folder, "dist/agent/old.js"))).toBe(true);
    expect(start().stdout).toContain('"greeting":"good evening"');
    expect(existsSync(join(folder, "dist/agent/old.js"))).toBe(false);
    expect(existsSync(join(folder, "dist/agent/greeting.js"))).toBe(true);
  });

  it("hands a signal to the program", async () => {
    const child: ChildProcess = spawn(process.execPath, ["tools/start.mjs", "--wait"], { cwd: folder });
    let printed = "";
    child.stdout?.on("data", (bytes) => {
      printed += bytes;
      if (printed.endsWith(".")) child.kill("SIGTERM");
    });
    const [code] = await once(child, "exit");
    expect(code).toBe(7);
  });

  it("shows the compiler's words when the build fails, and does not start", () => {
    write("agent/greeting.ts", "export const greeting: number = 'five';\n");
    const { status, stdout, stderr } = start();
    expect(stderr).toMatch(/agent\/greeting\.ts\(1,14\): error TS2322/);
    expect(stderr).toMatch(/the build failed \(the compiler's words are above\)\n$/);
    expect(stdout).toBe("");
    expect(status).toBe(1);
    write("agent/greeting.ts", 'export const greeting = "hello";\n');
  });

  it("fetches packages when the lock has changed, and says so when it cannot", () => {
    const lock = join(folder, "package-lock.json");
    const before = readFileSync(lock, "utf8");
    writeFileSync(
      lock,
      before.replace(/("node_modules\/yaml": \{[^}]*"integrity": ")[^"]+/, "$1sha512-other"),
    );
    const { status, stdout, stderr } = start();
    writeFileSync(lock, before);
    expect(stderr).toContain("npm packages: fetching …\n");
    expect(stderr).toContain("npm was asked: ci --ignore-scripts --include=dev\n");
    expect(stderr).toMatch(/\nnpm ci .* failed \(its words are above\)\n$/);
    expect(stdout).toBe("");
    expect(status).toBe(1);
  });
});

describe("npm test", () => {
  it("names what to install where it cannot install it", () => {
    // No apt-get to be found, and none of what the tests need but for what lies in /usr/sbin.
    const { status, stderr } = start([], "test", join(folder, "bin"));
    expect(stderr).toMatch(
      /^the tests need ffmpeg .*mosquitto-clients.*: install with `sudo apt-get install ffmpeg .*`, then try again\n$/,
    );
    expect(status).toBe(1);
  });
});

describe("the totals of a run", () => {
  const PASSES = 'it("a", () => expect(1).toBe(1));';

  function runTests(body: string, env: NodeJS.ProcessEnv) {
    write("vitest/one.test.ts", `import { it, expect } from "vitest";\n${body}\n`);
    const args = ["run", "--root", "vitest", "--reporter", join(folder, "tools/totals-reporter.mjs")];
    const options = { cwd: folder, env: { ...process.env, CI: "", ...env }, encoding: "utf8" } as const;
    const run = spawnSync(process.execPath, [join(ROOT, "node_modules/vitest/vitest.mjs"), ...args], options);
    return { status: run.status, last: run.stdout.trimEnd().split("\n").at(-1) };
  }

  it.each([
    ["all well", PASSES, {}, 0, "1 passed, 0 failed"],
    ["one fails", `${PASSES} it("b", () => expect(1).toBe(2));`, {}, 1, "1 passed, 1 failed"],
    ["a file cannot be loaded", "throw new Error('no');", {}, 1, "0 passed, 1 failed"],
    [
      "one is skipped",
      `${PASSES} it.skip("b", () => {}); it.todo("c");`,
      {},
      0,
      "1 passed, 0 failed, 2 skipped",
    ],
    [
      "one is skipped in CI",
      `${PASSES} it.skip("b", () => {});`,
      { CI: "true" },
      1,
      "1 passed, 0 failed, 1 skipped",
    ],
    [
      "an error outside every test",
      `${PASSES} Promise.reject(new Error("no"));`,
      {},
      1,
      "1 passed, 1 failed",
    ],
  ])("%s", (_case, body, env, status, last) => {
    expect(runTests(body, env)).toEqual({ status, last });
  });
});
