import { checkTree, treeOf } from "../../agent/config/check.ts";
import { defaultSettings } from "../../agent/contract/setting-list.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { initialState, type State } from "../../agent/core/state.ts";
import type { Checkpoint } from "./read-journal.ts";

/** A state of this version of the core, and in words what had to be put right for that. */
export interface Adopted {
  state: State;
  remarks: string[];
}

/** The state before the first input, with the settings of the journal: all that a process starts with. */
export function stateAtStart(checkpoint: Checkpoint): Adopted {
  const { settings, remarks } = adoptedSettings(checkpoint);
  return { state: initialState(settings), remarks };
}

/**
 * The state of a checkpoint, as far as this version of the core has a place for it. What it lacks is as it is at a
 * start; what is unknown here stays, and does nothing.
 */
export function stateOfCheckpoint(checkpoint: Checkpoint): Adopted {
  const { state, remarks } = stateAtStart(checkpoint);
  const given: Record<string, unknown> = checkpoint;
  for (const [name, slice] of Object.entries(state)) {
    if (name === "settings") continue;
    const found = given[name];
    if (!isMap(found)) {
      remarks.push(`the state has no ${name}`);
      continue;
    }
    for (const [key, fresh] of Object.entries(slice)) {
      if (key in found && Array.isArray(found[key]) === Array.isArray(fresh)) continue;
      remarks.push(`the state has no such ${name}.${key} as this version`);
      delete found[key];
    }
    if (!OPEN_MAPS.includes(name)) {
      for (const key of Object.keys(found).filter((one) => !(one in slice)))
        remarks.push(`the state has a ${name}.${key}, which this version does not know`);
    }
    Object.assign(slice, found);
  }
  for (const name of Object.keys(given).filter((one) => !(one in state)))
    remarks.push(`the state has a ${name}, which this version does not know`);
  return { state, remarks };
}

/** Slices whose keys come and go. */
const OPEN_MAPS = ["timers", "counters"];

function adoptedSettings({ settings: given }: Checkpoint): { settings: Settings; remarks: string[] } {
  const settings = defaultSettings();
  const { values, problems } = checkTree(given as Record<string, unknown>);
  const known = treeOf(values);
  const remarks = problems.map(({ path, text }) => `its setting ${path}: ${text}`);
  for (const [section, defaults] of Object.entries(settings)) {
    const lacking = Object.keys(defaults).filter((name) => !(name in (known[section] ?? {})));
    remarks.push(...lacking.map((name) => `it has no setting ${section}.${name}: its default is taken`));
    Object.assign(defaults, known[section]);
  }
  return { settings, remarks };
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
