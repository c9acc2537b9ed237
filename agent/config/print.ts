import { stringify } from "yaml";
import { allowed, listSettings, type Setting, type SettingValue } from "../contract/setting-list.ts";
import { type Configuration, originInWords } from "./load.ts";

/**
 * Every setting as a YAML file that, read again, gives the same settings: above each its meaning, what is allowed
 * (with its unit) and its default, beside it where its value came from. Holds no secret, since no setting is one.
 */
export function printConfiguration({ settings, origins }: Configuration): string {
  const lines: string[] = [];
  const values: Record<string, Record<string, SettingValue>> = settings;
  let section = "";
  for (const setting of listSettings()) {
    if (setting.section !== section) {
      section = setting.section;
      if (lines.length > 0) lines.push("");
      lines.push(`${section}:`);
    }
    const value = values[section]?.[setting.name] ?? setting.default;
    const origin = origins.get(setting.path) ?? { from: "default" };
    lines.push(`  # ${setting.description}. ${allowedAndDefault(setting)}`);
    lines.push(`  ${setting.name}: ${inOneLine(value)} # ${originInWords(origin)}`);
  }
  return `${lines.join("\n")}\n`;
}

function allowedAndDefault(setting: Setting): string {
  return `Allowed: ${allowed(setting)}; default: ${inOneLine(setting.default)}`;
}

function inOneLine(value: SettingValue): string {
  return stringify(value, {
    collectionStyle: "flow",
    lineWidth: 0,
    flowCollectionPadding: false,
    defaultStringType: "QUOTE_DOUBLE",
    version: "1.2",
    schema: "core",
  }).trimEnd();
}
