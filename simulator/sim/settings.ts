import { Value } from "typebox/value";
import { nearest } from "../../agent/config/nearest.ts";
import { UsageError } from "../../agent/contract/errors.ts";
import { allowed, listSettings, type Setting } from "../../agent/contract/setting-list.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { defaultSettings } from "../virtual/settings.ts";

/** Settings that differ from their defaults, by section: `{ uplink: { settle: "receipt" } }`. */
export type SomeSettings = { [Section in keyof Settings]?: Partial<Settings[Section]> };

/** A story may set bounds in bytes that an hour's events really reach, below what a device may be configured to. */
const FEWEST_BYTES = 1_024;
/** Whatever names a file, a device, an address or a person of a machine. */
const OF_THE_MACHINE =
  /^(device\.(dataFolder|clock)|button\.device|light\.led|camera\.(transport|username|passwordFile)|broker\.(?!keepAliveS$|protocol$).*|log\..*)$/;
const DEFAULTS = defaultSettings();
const SETTINGS: ReadonlyMap<string, Setting> = new Map(listSettings().map((one) => [one.path, one]));

/** It means something only on the machine on which a doorbell runs, not to a world. */
export function isOfTheMachine(path: string): boolean {
  return OF_THE_MACHINE.test(path);
}

/** Whether a doorbell of a world may have this: what a device may, and smaller bounds in bytes. */
export function isAllowedHere(setting: Setting, value: unknown): boolean {
  if (setting.path === "camera.source") return value === "test" || value === "none";
  if (Value.Check(setting.schema, value)) return true;
  if (setting.unit !== "bytes" || typeof value !== "number" || !Number.isInteger(value)) return false;
  return value >= FEWEST_BYTES && value < (setting.minimum ?? 0);
}

/** What `isAllowedHere` allows, in words. */
export function allowedHere(setting: Setting): string {
  if (setting.path === "camera.source") return "test, none";
  if (setting.unit !== "bytes") return allowed(setting);
  return allowed({ ...setting, minimum: Math.min(FEWEST_BYTES, setting.minimum ?? FEWEST_BYTES) });
}

/**
 * All settings of a doorbell of a world: the defaults, a drawn camera, and these.
 * @throws UsageError for a setting that is unknown, belongs to a machine, or is not allowed.
 */
export function completeSettings(some: SomeSettings): Settings {
  const settings = structuredClone(DEFAULTS);
  for (const [section, values] of Object.entries(some)) {
    for (const [name, value] of Object.entries(values ?? {})) {
      const path = `${section}.${name}`;
      const setting = SETTINGS.get(path);
      if (!setting) {
        const near = nearest(path, [...SETTINGS.keys()]);
        throw new UsageError(`there is no setting ${path}${near ? `; did you mean ${near}?` : ""}`);
      }
      if (isOfTheMachine(path)) throw new UsageError(`${path} belongs to a machine: a world has none`);
      if (!isAllowedHere(setting, value))
        throw new UsageError(`${path}: found ${JSON.stringify(value)}, allowed: ${allowedHere(setting)}`);
      Object.assign(settings[section as keyof Settings], { [name]: structuredClone(value) });
    }
  }
  return settings;
}
