import { checkTree } from "../../agent/config/check.ts";
import { recordAtStart } from "../../agent/config/record.ts";
import { checkRules } from "../../agent/config/rules.ts";
import type { SettingTree } from "../../agent/contract/setting-list.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import type { ConfigurationProblem, WireSettings } from "../../device/ports/configuration-store.ts";
import type { ConfigurationDisk } from "../hardware/configuration-store.ts";

/** The settings of a doorbell with those from the wire over them; neither is changed. */
export function withWire(own: Settings, wire: WireSettings): Settings {
  const settings: SettingTree = structuredClone(own);
  for (const tree of [wire.settings, wire.ownerSettings])
    for (const [section, names] of Object.entries(tree)) Object.assign(settings[section] ?? {}, names);
  return settings as Settings;
}

/**
 * What is wrong with settings from the wire over these. A world's own settings may lie below what a configuration
 * allows, so only what the wire makes worse is a problem.
 */
export function wireProblemsOver(own: Settings, wire: WireSettings): ConfigurationProblem[] {
  const found = [wire.settings, wire.ownerSettings].flatMap((tree) => checkTree(tree).problems);
  if (found.length === 0) {
    const before = new Set(checkRules(own).map(({ path }) => path));
    found.push(...checkRules(withWire(own, wire)).filter(({ path }) => !before.has(path)));
  }
  return found.map(({ path, text }) => ({ field: path, reason: text }));
}

/** What `agent/start-configuration.ts` does on a device, on a simulated card. */
export function startFrom(disk: ConfigurationDisk, own: Settings) {
  const found = disk.read();
  if (!found) return { settings: structuredClone(own), atStart: undefined, isRolledBack: false };
  const { record, isNew } = recordAtStart(found, found.trial ? wireProblemsOver(own, found.inForce) : []);
  if (isNew && !disk.fails) disk.write(record);
  return {
    settings: withWire(own, record.inForce),
    atStart: { record },
    isRolledBack: found.trial !== null && record.trial === null,
  };
}
