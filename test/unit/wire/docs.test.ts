import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { wireDocs } from "../../../agent/reference/index.ts";
import { readText, root } from "./documents.ts";

const docs = wireDocs();

describe("what is made of the contract", () => {
  it.each(Object.entries(docs))("%s is what `npm run docs` writes now", (file, text) => {
    expect(readText(file), "it is stale: run `npm run docs`").toBe(text);
  });

  it("is all there is of schemas", () => {
    const files = readdirSync(root("docs/schemas")).map((file) => `docs/schemas/${file}`);
    expect(files.sort()).toEqual(
      Object.keys(docs)
        .filter((file) => file.startsWith("docs/schemas/"))
        .sort(),
    );
  });

  it("tells a person what each field is", () => {
    const undescribed = [...(docs["docs/wire.md"] ?? "").matchAll(/^\| `.+` \| .+ \| +\|$/gm)];
    expect(undescribed.map(([row]) => row)).toEqual([]);
  });
});
