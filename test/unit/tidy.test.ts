import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { type Allowances, type Finding, findBans } from "./tidy/bans.ts";
import { findHabits, findValues } from "./tidy/habits.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** What must behave the same on every machine, at any time, from the same inputs; and what must run in a browser. */
const BANNED_IN: [folder: string, allow: Allowances][] = [
  ["agent/core", {}],
  ["agent/media", {}],
  ["agent/contract", {}],
  ["agent/consumer", { browserOnly: true }],
  ["simulator/world", { buffer: true, modules: ["node:crypto"] }],
  ["simulator/hardware", { buffer: true, promises: true, modules: ["node:crypto"] }],
];

function filesBelow(folder: string): string[] {
  if (!existsSync(join(ROOT, folder))) return [];
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.m?ts$|\.mjs$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name).slice(ROOT.length));
}

const read = (file: string) => readFileSync(join(ROOT, file), "utf8");
const inWords = (file: string) => (found: Finding) =>
  `${file}:${found.line}: ${found.banned}; use ${found.instead}`;

describe("the tree is tidy", () => {
  it.each(BANNED_IN)("%s holds nothing that is banned there", (folder, allow) => {
    expect(filesBelow(folder).flatMap((file) => findBans(read(file), allow).map(inWords(file)))).toEqual([]);
  });

  it("no failure is swallowed, nothing is put off, no file is too long", () => {
    const files = ["agent", "device", "simulator", "test", "tools"].flatMap(filesBelow);
    expect(files.length).toBeGreaterThan(40);
    const others = files.filter((file) => !file.startsWith("test/unit/tidy"));
    expect(others.flatMap((file) => findHabits(read(file)).map(inWords(file)))).toEqual([]);
  });

  it("ports are types and nothing else", () => {
    const values = filesBelow("device/ports").flatMap((file) =>
      findValues(read(file)).map((line) => `${file}:${line}`),
    );
    expect(values).toEqual([]);
  });

  it("the lock names no place that packages are fetched from", () => {
    const lock = read("package-lock.json");
    expect(lock).not.toContain('"resolved"');
    const addresses = lock.match(/https?:\/\/[^"/]+/g) ?? [];
    expect(addresses.filter((address) => /registry|npmjs/.test(address))).toEqual([]);
  });
});

describe("the bans", () => {
  it.each([
    ["Date.now()", "Date.now", "`now`"],
    ["const now = Date.now;", "Date.now", "`now`"],
    ["new Date()", "new Date()", "`now`"],
    ["new Date", "new Date()", "`now`"],
    ["Date()", "new Date()", "`now`"],
    ["new Date(2020, 1)", "new Date(year, …)", "UTC"],
    ["const D = Date;", "Date", "`now`"],
    ["performance.now()", "performance", "`now`"],
    ["Math.random()", "Math.random", "seeded generator"],
    ["Math.sin(1)", "Math.sin", "exact functions"],
    ["Math.pow(1.5, 2)", "Math.pow", "exact functions"],
    ['Math["random"]()', "Math", "exact functions"],
    ["const { random } = Math;", "Math", "exact functions"],
    ["f(Math)", "Math", "exact functions"],
    ["new Intl.NumberFormat()", "Intl", "plain text"],
    ["(5).toLocaleString()", "toLocaleString", "plain text"],
    ["a.localeCompare(b)", "localeCompare", "plain text"],
    ["d.getHours()", "getHours", "UTC"],
    ["setTimeout(f, 1)", "setTimeout", "`timer.set`"],
    ["const s = setInterval;", "setInterval", "`timer.set`"],
    ["x = [setImmediate]", "setImmediate", "`timer.set`"],
    ["const f = async () => 1;", "async", "an action"],
    ["class A { async f() {} }", "async", "an action"],
    ["await f()", "await", "an action"],
    ["for await (const x of y) f(x);", "await", "an action"],
    ["new Promise(f)", "Promise", "an action"],
    ["Promise.resolve()", "Promise", "an action"],
    ["queueMicrotask(f)", "queueMicrotask", "an action"],
    ["process.env", "process", "composition root"],
    ["f({ a: process })", "process", "composition root"],
    ["f({ process })", "process", "composition root"],
    ["class A { a = process; }", "process", "composition root"],
    ["globalThis.Date", "globalThis", "composition root"],
    ["Buffer.from(x)", "Buffer", "`Uint8Array`"],
    ["console.log(1)", "console", "`log` action"],
    ["crypto.randomUUID()", "crypto", "seeded generator"],
    ['import { readFileSync } from "node:fs";', "node:fs", "a port"],
    ['import type { Socket } from "node:net";', "node:net", "a port"],
    ['export * from "node:path";', "node:path", "a port"],
    ['import("x")', "import()", "composition root"],
  ])("find %s", (source, banned, instead) => {
    const findings = findBans(`\n${source}`);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ line: 2, banned });
    expect(findings[0]?.instead).toContain(instead);
  });

  it.each([
    "new Date(utcMs).toISOString()",
    "Date.UTC(2020, 1)",
    "d.getUTCHours()",
    "Math.floor(1.5) + Math.max(1, 2)",
    "// Date.now() in a comment",
    'f("Date.now()", `process`)',
    "input.process; input.now; state.console",
    "const a = { process: 1, Promise: 2 };",
    "interface A { process: number; stop(): Promise<void>; }",
    "function f(a: { crypto: string }): Date { return g(a); }",
    'import { sha256 } from "./hash.ts";',
  ])("let %s pass", (source) => {
    expect(findBans(source)).toEqual([]);
  });

  it("leave what a folder is allowed", () => {
    expect(findBans("const f = async () => await Promise.all(x);", { promises: true })).toEqual([]);
    expect(findBans('import { createHash } from "node:crypto";', { modules: ["node:crypto"] })).toEqual([]);
    expect(findBans("setTimeout(f); crypto.subtle", { browserOnly: true })).toEqual([]);
    expect(findBans("Buffer.from(x); process.exit()", { browserOnly: true })).toHaveLength(2);
  });
});

describe("the habits", () => {
  it.each([
    ["try { f(); } catch { }", "empty catch"],
    ["try { f(); } catch (e) { /* never mind */ }", "empty catch"],
    ["f().catch(() => {});", ".catch(() => {})"],
    ["f().catch(() => undefined);", ".catch(() => {})"],
    ["f().catch(function () {});", ".catch(() => {})"],
    ["f().catch(noop);", ".catch(() => {})"],
    ["// TODO: later", "TODO"],
    ["/* FIXME */", "FIXME"],
  ])("find %j", (source, banned) => {
    expect(findHabits(source)).toMatchObject([{ banned }]);
  });

  it("find a file that is too long", () => {
    expect(findHabits("\n".repeat(400))).toEqual([]);
    expect(findHabits("\n".repeat(401))).toMatchObject([{ line: 1, banned: "401 lines" }]);
  });

  it.each(["try { f(); } catch { g(); }", "f().catch((e) => say(e));", 'f("TODO")'])(
    "let %j pass",
    (source) => {
      expect(findHabits(source)).toEqual([]);
    },
  );

  it("see a value in a port", () => {
    expect(
      findValues('import type { A } from "./a.ts";\nexport interface B { a: A }\nexport type C = B;\n'),
    ).toEqual([]);
    expect(findValues("export type C = 1;\nexport const D = 1;\n")).toEqual([2]);
    expect(findValues('import { type A } from "./a.ts";')).toEqual([1]);
  });
});
