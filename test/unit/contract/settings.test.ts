import Value from "typebox/value";
import { describe, expect, it } from "vitest";
import { checkRules } from "../../../agent/config/rules.ts";
import { allowed, defaultSettings, listSettings } from "../../../agent/contract/setting-list.ts";
import { SettingsSchema } from "../../../agent/contract/settings.ts";

describe("the declaration of the settings", () => {
  it("has defaults that it allows itself, one by one and together", () => {
    const settings = defaultSettings();
    expect([...Value.Errors(SettingsSchema, settings)]).toEqual([]);
    expect(checkRules(settings)).toEqual([]);
  });

  it("gives a fresh copy of the defaults each time", () => {
    defaultSettings().broker.urls.push("mqtt://elsewhere");
    expect(defaultSettings().broker.urls).toEqual(["mqtt://127.0.0.1:1883"]);
  });

  it.each(listSettings())("$path: a bound needs both ends, and a name that says its unit", (setting) => {
    const { type, minimum, maximum, unit, name } = setting;
    expect(allowed(setting)).not.toMatch(/null|undefined/);
    if (type !== "integer") return;
    expect([typeof minimum, typeof maximum, typeof unit]).toEqual(["number", "number", "string"]);
    const endings: Record<string, RegExp> = {
      ms: /Ms$/,
      s: /S$/,
      bytes: /Bytes$/,
      px: /Px$/,
      "kbit/s": /Kbps$/,
      "1/s": /PerSecond$/,
    };
    const ending = endings[unit ?? ""];
    if (ending) expect(name).toMatch(ending);
  });

  it("shows no default that could be a secret, and asks for none", () => {
    const names = listSettings().map(({ path }) => path);
    expect(names.filter((path) => /password$|secret|token|(?<!public)key$/i.test(path))).toEqual([]);
  });
});
