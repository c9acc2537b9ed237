import type { ConfigurationProblem, SettingSections } from "../../device/ports/configuration-store.ts";
import { listSettings, type Setting } from "../contract/setting-list.ts";
import type { ChangedBy } from "../contract/setting-rights.ts";

const SETTINGS: readonly Setting[] = listSettings();
const PATHS: ReadonlySet<string> = new Set(SETTINGS.map(({ path }) => path));

/**
 * The settings that whoever sent these may change, in the order of their declaration, and a refusal for every other
 * name. Values are not looked at.
 */
export function sortSettings(
  given: SettingSections,
  by: Exclude<ChangedBy, "never">,
): { sorted: SettingSections; refusals: ConfigurationProblem[] } {
  const sorted: SettingSections = {};
  const refusals = unknownNames(given);
  for (const { section, name, path, changedBy } of SETTINGS) {
    const names = Object.hasOwn(given, section) ? given[section] : undefined;
    if (!names || !Object.hasOwn(names, name)) continue;
    if (changedBy === by) sorted[section] = { ...sorted[section], [name]: names[name] };
    else refusals.push({ field: path, reason: WHO_MAY[changedBy] });
  }
  return { sorted, refusals };
}

/** Whether two trees that were sorted say the same. */
export function sameSettings(a: SettingSections, b: SettingSections): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

const WHO_MAY: Record<ChangedBy, string> = {
  never: "only the file on the device sets this",
  owner: "only the owner's signature changes this",
  broker: "this is not the owner's: it stands in `settings`, unsigned",
};

function unknownNames(given: SettingSections): ConfigurationProblem[] {
  return Object.entries(given).flatMap(([section, names]) =>
    Object.keys(names)
      .map((name) => `${section}.${name}`)
      .filter((path) => !PATHS.has(path))
      .map((field) => ({ field, reason: "there is no such setting" })),
  );
}
