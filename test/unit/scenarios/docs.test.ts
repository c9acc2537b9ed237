import { readFileSync } from "node:fs";
import { Compile } from "typebox/schema";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { scenarioDocs } from "../../../simulator/scenarios/docs.ts";
import { galleryFiles } from "../../../simulator/scenarios/gallery.ts";
import { scenarioJsonSchema } from "../../../simulator/scenarios/json-schema.ts";
import { parseScenario } from "../../../simulator/scenarios/read.ts";

describe("what is made of the format's declaration", () => {
  it.each(Object.entries(scenarioDocs()))("docs/%s is what `npm run docs` writes now", (file, text) => {
    const there = readFileSync(new URL(`../../../docs/${file}`, import.meta.url), "utf8");
    expect(there, "it is stale: run `npm run docs`").toBe(text);
  });

  it("is a page whose example is a scenario", () => {
    const [, example = ""] = /```yaml\n([^`]+)```/.exec(scenarioDocs()["scenarios.md"] ?? "") ?? [];
    expect(parseScenario("F", example).scenario.steps).toHaveLength(5);
  });
});

describe("the JSON Schema for editors", () => {
  const schema = Compile(scenarioJsonSchema());
  const accepts = (text: string) => schema.Check(parse(text));

  it.each(galleryFiles())("accepts %s", (file) => {
    expect(accepts(readFileSync(file, "utf8"))).toBe(true);
  });

  it.each([
    "steps: [press]",
    "name: x\nsteps: [pres]",
    "name: x\nsteps: [wait]",
    "name: x\nsteps: [{ wait: 5 }]",
    "name: x\nsteps: [{ wait: 5s, dose: 3 }]",
    "name: x\nsteps: [{ fault: link.cutt }]",
    "name: x\nsteps: [{ press: { held: 5s } }]",
    "name: x\nsteps: [{ expect: { ring: 0 } }]",
    "name: x\nsteps: [{ expect: { event: pres } }]",
    "name: x\nsteps: [press]\nsettings: { uplink.setle: receipt }",
    "name: x\nsteps: [press]\nlink: { rate: fast }",
    "name: x\nsteps: [press]\ncolour: red",
  ])("refuses %j", (text) => {
    expect(accepts(text)).toBe(false);
  });
});
