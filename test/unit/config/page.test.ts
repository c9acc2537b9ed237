import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { settingsPage } from "../../../agent/config/page.ts";
import { listSettings } from "../../../agent/contract/setting-list.ts";

it("docs/settings.md is what `npm run docs` writes now", () => {
  const page = readFileSync(new URL("../../../docs/settings.md", import.meta.url), "utf8");
  expect(page, "it is stale: run `npm run docs`").toBe(settingsPage());
});

it("has every setting with its default", () => {
  const page = settingsPage();
  for (const { name, section } of listSettings()) {
    expect(page).toMatch(new RegExp(`^## ${section}$[^#]*^\\| \`${name}\` \\| \`[^|]+\` \\|`, "m"));
  }
});
