import { treeOf } from "../../agent/config/check.ts";
import { checkRules } from "../../agent/config/rules.ts";
import { listSettings, type Setting } from "../../agent/contract/setting-list.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { QUANTITIES } from "../sim/quantities.ts";
import {
  allowedHere,
  completeSettings,
  isAllowedHere,
  isOfTheMachine,
  type SomeSettings,
} from "../sim/settings.ts";
import { didYouMean, type Entry, type FieldReader, quoted } from "./fields.ts";
import type { SettingText } from "./schema.ts";

const SETTINGS: ReadonlyMap<string, Setting> = new Map(listSettings().map((one) => [one.path, one]));
/** The settings of a scenario or of one of its doorbells, by path. */
export function readSettings(
  reader: FieldReader,
  entry: Entry | undefined,
  path: string,
): Record<string, SettingText> {
  if (!entry) return {};
  reader.places.set(`${path}settings`, reader.placeOf(entry.key));
  const entries = reader.entries(
    entry.value,
    "a map of settings such as {uplink.settle: receipt}",
    entry.key,
  );
  const values: Record<string, SettingText> = {};
  for (const { name, key, value } of entries ?? []) {
    reader.places.set(`${path}settings.${name}`, reader.placeOf(value ?? key));
    const setting = SETTINGS.get(name);
    if (!setting) {
      reader.refuse(key, `there is no setting ${quoted(name)}${didYouMean(name, [...SETTINGS.keys()])}`);
    } else if (isOfTheMachine(name)) {
      reader.refuse(key, `${name} belongs to the machine on which a scenario is played: leave it out`);
    } else {
      const found = valueIn(setting, value?.toJSON());
      if (isAllowedHere(setting, found)) values[name] = found as SettingText;
      else
        reader.refuse(
          value ?? key,
          `${name}: found ${reader.words(value)}, allowed: ${allowedHere(setting)}${hint(setting, found)}`,
        );
    }
  }
  return values;
}

/** These settings by section. */
export function sectionsOf(values: Readonly<Record<string, SettingText>>): SomeSettings {
  return treeOf(new Map(Object.entries(values)));
}

/** All settings of a doorbell. Its camera is drawn unless told. */
export function settingsOf(values: Readonly<Record<string, SettingText>>): Settings {
  return completeSettings(sectionsOf(values));
}

/** What must hold between settings, apart from bounds in bytes, which a story may make small. */
export function settingProblems(settings: Settings): { path: string; text: string }[] {
  return checkRules(settings).filter(({ path }) => SETTINGS.get(path)?.unit !== "bytes");
}

/** Durations and sizes may be written with their units, or as a number of the setting's own. */
function valueIn({ unit, type }: Setting, found: unknown): unknown {
  if (type !== "integer" || typeof found !== "string") return found;
  if (unit === "ms") return QUANTITIES.duration.parse(found);
  if (unit === "bytes") return QUANTITIES.size.parse(found);
  if (unit !== "s") return found;
  const ms = QUANTITIES.duration.parse(found);
  return typeof ms === "number" ? ms / 1_000 : ms;
}

/** What `valueIn` could say of a text with a wrong unit. */
function hint({ type, unit }: Setting, found: unknown): string {
  const isQuantity = type === "integer" && (unit === "ms" || unit === "s" || unit === "bytes");
  return isQuantity && typeof found === "string" && found !== "" ? ` (${found})` : "";
}
