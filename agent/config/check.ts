import Value from "typebox/value";
import {
  allowed,
  listSettings,
  type Setting,
  type SettingTree,
  type SettingValue,
} from "../contract/setting-list.ts";
import { inWords } from "./in-words.ts";
import { nearest } from "./nearest.ts";

/** One thing that is wrong: the path of the setting or section, and what to do about it. */
export interface Problem {
  path: string;
  text: string;
}

/**
 * Checks a tree of settings one by one: every name is known, every value is of its type and within its bounds.
 * Returns the values that are right, by path, and every problem. Each problem's path is one that the tree has.
 */
export function checkTree(tree: Record<string, unknown>): {
  values: Map<string, SettingValue>;
  problems: Problem[];
} {
  const values = new Map<string, SettingValue>();
  const problems: Problem[] = [];
  for (const [section, content] of Object.entries(tree)) {
    if (SETTINGS.has(section)) {
      problems.push({ path: section, text: "a setting stands below its section, on a line of its own" });
    } else if (!SECTIONS.has(section)) {
      problems.push({ path: section, text: unknownName(section, [...SECTIONS, ...SETTINGS.keys()]) });
    } else if (!isMap(content)) {
      problems.push({ path: section, text: `found ${inWords(content)}, allowed: a map of settings` });
    } else {
      for (const [name, value] of Object.entries(content))
        checkOne(`${section}.${name}`, value, values, problems);
    }
  }
  return { values, problems };
}

/** The sections of values that stand by path. */
export function treeOf(values: ReadonlyMap<string, SettingValue>): SettingTree {
  const tree: SettingTree = {};
  for (const { path, section, name } of SETTINGS.values()) {
    const value = values.get(path);
    if (value === undefined) continue;
    tree[section] = { ...tree[section], [name]: value };
  }
  return tree;
}

const SETTINGS: ReadonlyMap<string, Setting> = new Map(
  listSettings().map((setting) => [setting.path, setting]),
);
const SECTIONS: ReadonlySet<string> = new Set(listSettings().map(({ section }) => section));

function checkOne(
  path: string,
  value: unknown,
  values: Map<string, SettingValue>,
  problems: Problem[],
): void {
  const setting = SETTINGS.get(path);
  if (!setting) {
    problems.push({ path, text: unknownName(path, [...SETTINGS.keys()]) });
  } else if (isAllowed(value, setting)) {
    values.set(path, value);
  } else {
    const found = setting.besideSecret ? "something else" : inWords(value);
    problems.push({ path, text: `found ${found}, allowed: ${allowed(setting)}` });
  }
}

/** The value is never shown here: what stands under a wrong name may be a secret. */
function unknownName(name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return near === null ? "there is no such setting" : `there is no such setting; did you mean ${near}?`;
}

function isAllowed(value: unknown, { schema }: Setting): value is SettingValue {
  return Value.Check(schema, value);
}

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
