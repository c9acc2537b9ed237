import { existsSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { basename, dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { programFile } from "../fixtures/programs.ts";

const FOLDER = dirname(programFile("agent"));
const NATIVE = ["better-sqlite3", "sharp", "@ffmpeg-installer/ffmpeg"];
/** The WebSocket library takes these where somebody has installed them. */
const IF_THERE = ["bufferutil", "utf-8-validate"];
const read = (file: string) => readFileSync(join(FOLDER, file), "utf8");
const sourcesOf = (program: string): string[] => JSON.parse(read(`${program}.js.map`)).sources;

describe("the bundled programs", () => {
  it("need nothing from outside but Node and what is native", () => {
    const programs = [
      ...["porchlight", "porchlight-owner", "porchlight-sim"],
      ...["storage-worker", "picture-process", "worlds-worker"],
    ];
    const outside = [...programs, "doorbell-process"]
      .flatMap((program) => [
        ...read(`${program}.js`).matchAll(/(?:^import [^"]*|await import\(|__require\()"([^"]+)"\)?/gm),
      ])
      .map(([, name = ""]) => name)
      .filter((name) => !name.startsWith("node:") && !builtinModules.includes(name));
    expect(new Set(outside)).toEqual(new Set([...NATIVE, ...IF_THERE]));
  });

  it("are modules: none asks for what only the old kind has", () => {
    for (const program of ["porchlight", "porchlight-owner", "porchlight-sim", "storage-worker"]) {
      expect(read(`${program}.js`), program).not.toMatch(/^[^*]*\b__dirname\b/m);
    }
  });

  it("find each other beside them", () => {
    const started = ["porchlight", "porchlight-sim", "doorbell-process"].flatMap((program) =>
      [...read(`${program}.js`).matchAll(/new URL\("(\.[^"]+\.js)", import\.meta\.url\)/g)].map(
        ([, file = ""]) => file,
      ),
    );
    expect(new Set(started.map((file) => basename(file)))).toEqual(
      new Set(["storage-worker.js", "picture-process.js", "worlds-worker.js", "doorbell-process.js"]),
    );
    for (const file of started) expect(existsSync(join(FOLDER, file)), file).toBe(true);
  });

  it("put no simulator on a device, and say where each line came from", () => {
    const sources = sourcesOf("porchlight");
    expect(sources.some((source) => source.endsWith("/agent/main.ts"))).toBe(true);
    expect(sources.filter((source) => /\/(simulator|owner)\//.test(source))).toEqual([]);
    expect(sourcesOf("porchlight-sim").some((source) => source.endsWith("/simulator/main.ts"))).toBe(true);
  });

  it("bring the licence of every library along", () => {
    const licences = read("LICENSES.txt");
    const packages = ["porchlight", "porchlight-owner", "porchlight-sim", "storage-worker"]
      .flatMap(sourcesOf)
      .flatMap((source) => /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1] ?? []);
    expect(packages).toContain("mqtt");
    expect(packages).toContain("typebox");
    for (const name of packages) expect(licences).toMatch(new RegExp(`^${name} [0-9.]+: `, "m"));
    expect(licences).not.toMatch(/^.* [0-9.]+: (undefined|UNLICENSED)\n\n\n/m);
  });
});
