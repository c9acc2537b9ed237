import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkTree } from "../../../agent/config/check.ts";
import { mergeConfiguration } from "../../../agent/config/load.ts";
import { printConfiguration } from "../../../agent/config/print.ts";
import { parseYaml } from "../../../agent/config/read-yaml.ts";
import { ConfigurationError } from "../../../agent/contract/errors.ts";
import { listSettings, type Setting } from "../../../agent/contract/setting-list.ts";

/** Any value that the declaration of one setting allows. */
function allowedValue(setting: Setting): fc.Arbitrary<unknown> {
  const { minimum, maximum, multipleOf, choices, pattern } = setting;
  switch (setting.type) {
    case "boolean":
      return fc.boolean();
    case "integer": {
      const step = multipleOf ?? 1;
      const range = { min: Math.ceil((minimum ?? 0) / step), max: Math.floor((maximum ?? 0) / step) };
      return fc
        .maxSafeInteger()
        .map((any) => (range.min + (Math.abs(any) % (range.max - range.min + 1))) * step);
    }
    case "list":
      return fc.array(fc.stringMatching(/^mqtts:\/\/[a-z]{1,9}$/), { minLength: 1, maxLength: 8 });
    case "string":
      return choices === null
        ? fc.stringMatching(new RegExp(pattern ?? "", "u"))
        : fc.constantFrom(...choices);
  }
}

/** Some settings, each allowed by itself. */
const someSettings = fc
  .subarray(listSettings())
  .chain((settings) =>
    fc.tuple(...settings.map((setting) => allowedValue(setting).map((value) => ({ setting, value })))),
  )
  .map((chosen) => {
    const tree: Record<string, Record<string, unknown>> = {};
    for (const { setting, value } of chosen)
      tree[setting.section] = { ...tree[setting.section], [setting.name]: value };
    return tree;
  });

function merge(values: Record<string, unknown>) {
  return mergeConfiguration({ file: "a.yaml", values, lines: new Map() }, [], "/somewhere");
}

describe("--print-config", () => {
  it("read again gives the same settings", () => {
    let compared = 0;
    fc.assert(
      fc.property(someSettings, (tree) => {
        let first: ReturnType<typeof merge>;
        try {
          first = merge(tree);
        } catch (error) {
          if (error instanceof ConfigurationError) return;
          throw error;
        }
        const again = parseYaml("/elsewhere/b.yaml", printConfiguration(first));
        expect(mergeConfiguration(again, [], "/nowhere").settings).toEqual(first.settings);
        compared += 1;
      }),
      { numRuns: 100 },
    );
    expect(compared).toBeGreaterThan(2);
  });

  it("shows unit, bounds, default, and where the value came from", () => {
    const content = parseYaml("/etc/porch.yaml", "\nbutton:\n  holdMs: 50\n");
    const text = printConfiguration(
      mergeConfiguration(content, [{ path: "log.level", value: "warn", flag: "--log" }], "/somewhere"),
    );
    expect(text).toContain(
      "# A press must hold this long: shorter ones are ghosts of a long wire. Allowed: a whole number from 5 to 1000 (ms); default: 40\n  holdMs: 50 # /etc/porch.yaml:3\n",
    );
    expect(text).toContain('\n  level: "warn" # --log\n');
    expect(text).toContain("\n  longMs: 1500 # default\n");
    for (const { section, name } of listSettings()) {
      expect(text).toMatch(new RegExp(`^${section}:\\n(  .*\\n)*  ${name}: `, "m"));
    }
  });

  it("keeps a file's name from adding a line of its own", () => {
    const content = parseYaml("a\nbutton:\n  holdMs: 60 #", "button:\n  holdMs: 50\n");
    const printed = printConfiguration(mergeConfiguration(content, [], "/somewhere"));
    expect(parseYaml("b", printed).values).toMatchObject({ button: { holdMs: 50 } });
  });
});

describe("any tree", () => {
  it("is right, or refused with paths that it has", () => {
    const names = fc.constantFrom(
      "button",
      "broker",
      "urls",
      "holdMs",
      "camera",
      "source",
      "__proto__",
      "a.b",
      "",
    );
    const value = fc.oneof(fc.jsonValue(), fc.double(), fc.constant(undefined));
    const anyTree = fc.oneof(
      fc.dictionary(
        fc.oneof(names, fc.string()),
        fc.oneof(value, fc.dictionary(fc.oneof(names, fc.string()), value)),
      ),
      someSettings,
    );
    fc.assert(
      fc.property(anyTree, (tree) => {
        const has = new Set<string>();
        for (const [section, content] of Object.entries(tree)) {
          has.add(section);
          for (const name of Object.keys(Object(content))) has.add(`${section}.${name}`);
        }
        const { values, problems } = checkTree(tree);
        for (const { path } of problems) expect(has).toContain(path);
        for (const path of values.keys()) expect(has).toContain(path);
        if (problems.length > 0) expect(() => merge(tree)).toThrow(ConfigurationError);
      }),
      { numRuns: 300 },
    );
  }, 20_000);

  it("as text is right, or refused by a ConfigurationError", () => {
    const line = fc.tuple(
      fc.constantFrom("", "  ", "\t", "- "),
      fc.constantFrom("button", "holdMs", "x"),
      fc.string(),
    );
    const text = fc.oneof(
      fc.string({ unit: "binary", maxLength: 200 }),
      fc
        .array(line.map(([indent, name, rest]) => `${indent}${name}: ${rest}`))
        .map((lines) => lines.join("\n")),
    );
    fc.assert(
      fc.property(text, (yaml) => {
        try {
          mergeConfiguration(parseYaml("a.yaml", yaml), [], "/somewhere");
        } catch (error) {
          expect(error).toBeInstanceOf(ConfigurationError);
          expect(String(error)).not.toMatch(/undefined|\[object|\p{Cc}(?<!\n)/u);
        }
      }),
      { numRuns: 500 },
    );
  });
});
