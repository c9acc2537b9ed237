import { Value } from "typebox/value";
import { checkRules } from "../../agent/config/rules.ts";
import { allowed, listSettings, type Setting, type SettingTree } from "../../agent/contract/setting-list.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { defaultSettings } from "../virtual/settings.ts";
import { didYouMean, type Entry, type FieldReader, quoted } from "./fields.ts";
import { QUANTITIES } from "./quantities.ts";
import type { SettingText } from "./schema.ts";

const SETTINGS: ReadonlyMap<string, Setting> = new Map(listSettings().map((one) => [one.path, one]));
/** A story may set bounds in bytes that an hour's events really reach, below what a device may be configured to. */
const FEWEST_BYTES = 1_024;
/** Whatever names a file, a device, an address or a person of the machine on which a scenario is played. */
const OF_THE_MACHINE =
  /^(device\.(dataFolder|clock)|button\.device|light\.led|camera\.(transport|username|passwordFile)|broker\.(?!keepAliveS|protocol).*|log\..*)$/;

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
    } else if (OF_THE_MACHINE.test(name)) {
      reader.refuse(key, `${name} belongs to the machine on which a scenario is played: leave it out`);
    } else {
      const found = valueIn(setting, value?.toJSON());
      if (isAllowed(setting, found)) values[name] = found;
      else
        reader.refuse(
          value ?? key,
          `${name}: found ${reader.words(value)}, allowed: ${allowedHere(setting)}${hint(setting, found)}`,
        );
    }
  }
  return values;
}

/** All settings of a doorbell. Its camera is drawn unless told. */
export function settingsOf(values: Readonly<Record<string, SettingText>>): Settings {
  const settings = defaultSettings();
  const tree: SettingTree = settings;
  for (const [path, value] of Object.entries(values)) {
    const { section, name } = SETTINGS.get(path) ?? {};
    if (section === undefined || name === undefined) throw new RangeError(`there is no setting ${path}`);
    tree[section] = { ...tree[section], [name]: structuredClone(value) };
  }
  return settings;
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

function isAllowed(setting: Setting, value: unknown): value is SettingText {
  if (setting.path === "camera.source") return value === "test" || value === "none";
  if (Value.Check(setting.schema, value)) return true;
  if (setting.unit !== "bytes" || !Number.isInteger(value)) return false;
  return (value as number) >= FEWEST_BYTES && (value as number) < (setting.minimum ?? 0);
}

function allowedHere(setting: Setting): string {
  if (setting.path === "camera.source") return "test, none";
  if (setting.unit !== "bytes") return allowed(setting);
  return allowed({ ...setting, minimum: Math.min(FEWEST_BYTES, setting.minimum ?? FEWEST_BYTES) });
}

/** What `valueIn` could say of a text with a wrong unit. */
function hint({ type, unit }: Setting, found: unknown): string {
  const isQuantity = type === "integer" && (unit === "ms" || unit === "s" || unit === "bytes");
  return isQuantity && typeof found === "string" && found !== "" ? ` (${found})` : "";
}
