import { readdirSync, readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { programFile } from "../fixtures/programs.ts";

const PACKAGE = new URL("../../package.json", `file://${programFile("simulator")}`);

it("porchlight/contract is there for whoever installs the package, and needs the schema library alone", async () => {
  const { exports } = JSON.parse(readFileSync(PACKAGE, "utf8"));
  const at = (path: string) => new URL(path, PACKAGE);
  expect(readFileSync(at(exports["./contract"].types), "utf8")).toContain("parseTopic");
  const { CHANNELS, parseTopic, topicsOf } = await import(at(exports["./contract"].default).href);
  expect(parseTopic(topicsOf("front-door").health)).toEqual({ kind: "health", deviceId: "front-door" });
  expect(CHANNELS.health.maxBytes).toBeGreaterThan(0);

  const folder = new URL("./", at(exports["./contract"].default));
  const scripts = readdirSync(folder).filter((file) => file.endsWith(".js"));
  const imports = scripts.flatMap((file) =>
    [...readFileSync(new URL(file, folder), "utf8").matchAll(/from ["']([^"']+)["']/g)].map(
      ([, name]) => name,
    ),
  );
  expect(imports.length).toBeGreaterThan(10);
  expect(imports.filter((name) => !/^(\.\/[^/]+|typebox(\/.*)?)$/.test(name ?? ""))).toEqual([]);
});
