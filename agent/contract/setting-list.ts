import type { TSchema } from "typebox";
import { type ChangedBy, changedBy } from "./setting-rights.ts";
import { type Settings, SettingsSchema } from "./settings.ts";

/** One setting as its declaration has it, for messages, `--print-config` and the documentation. */
export interface Setting {
  /** Such as `button.holdMs`. */
  path: string;
  section: string;
  name: string;
  description: string;
  default: SettingValue;
  /** Such as `ms`, or null. */
  unit: string | null;
  type: "integer" | "string" | "boolean" | "list";
  minimum: number | null;
  maximum: number | null;
  multipleOf: number | null;
  /** For a list these are of its items. */
  choices: readonly string[] | null;
  pattern: string | null;
  /** `pattern` in words. */
  words: string | null;
  minItems: number | null;
  maxItems: number | null;
  /** The file that the value names is looked for from the folder of the configuration file. */
  holdsPath: "whole" | "after file:" | null;
  /** A secret may stand here by mistake: messages do not repeat what is refused. */
  besideSecret: boolean;
  /** Who may change it over the wire. */
  changedBy: ChangedBy;
  /** What decides whether a value is allowed. */
  schema: TSchema;
}

export type SettingValue = number | string | boolean | readonly string[];

/** What is set: sections of settings, before anything is known about them. */
export type SettingTree = Record<string, Record<string, unknown>>;

/** The keywords that `settings.ts` uses, as they stand in the JSON Schema. */
interface Declaration extends TSchema {
  type?: string;
  default?: SettingValue;
  description?: string;
  unit?: string;
  minimum?: number;
  maximum?: number;
  multipleOf?: number;
  enum?: readonly string[];
  pattern?: string;
  allowed?: string;
  minItems?: number;
  maxItems?: number;
  items?: Declaration;
  holdsPath?: "whole" | "after file:";
  besideSecret?: true;
}

/** Every setting, in the order of the declaration. */
export function listSettings(): Setting[] {
  return Object.entries(SettingsSchema.properties).flatMap(([section, { properties }]) =>
    Object.entries(properties).map(([name, declaration]) => describe(section, name, declaration)),
  );
}

/** A fresh copy of every default. */
export function defaultSettings(): Settings {
  const tree: SettingTree = {};
  for (const { section, name, default: value } of listSettings()) {
    const settings = tree[section] ?? {};
    settings[name] = typeof value === "object" ? [...value] : value;
    tree[section] = settings;
  }
  return tree as Settings;
}

/** What a setting may be, in words: `a whole number from 5 to 1000 (ms)`. */
export function allowed(setting: Setting): string {
  switch (setting.type) {
    case "integer": {
      const kind = setting.multipleOf === 2 ? "an even number" : wholeNumber(setting.multipleOf);
      const unit = setting.unit === null ? "" : ` (${setting.unit})`;
      return `${kind} from ${setting.minimum} to ${setting.maximum}${unit}`;
    }
    case "boolean":
      return "true or false";
    case "string":
      return oneText(setting);
    case "list":
      return `a list of ${setting.minItems} to ${setting.maxItems}, each ${oneText(setting)}`;
  }
}

function wholeNumber(multipleOf: number | null): string {
  return multipleOf === null ? "a whole number" : `a multiple of ${multipleOf}`;
}

function oneText({ choices, pattern, words }: Setting): string {
  if (choices !== null) return choices.map((choice) => `"${choice}"`).join(" or ");
  return words ?? (pattern === null ? "text" : `text like ${pattern}`);
}

function describe(section: string, name: string, declaration: Declaration): Setting {
  const { default: value, description } = declaration;
  const type = declaration.type === "array" ? "list" : (declaration.type ?? "string");
  if (value === undefined || description === undefined || !isType(type)) {
    throw new TypeError(
      `the setting ${section}.${name} is declared without default, description or known type`,
    );
  }
  const text = declaration.items ?? declaration;
  return {
    path: `${section}.${name}`,
    section,
    name,
    description,
    default: value,
    unit: declaration.unit ?? null,
    type,
    minimum: declaration.minimum ?? null,
    maximum: declaration.maximum ?? null,
    multipleOf: declaration.multipleOf ?? null,
    choices: text.enum ?? null,
    pattern: text.pattern ?? null,
    words: text.allowed ?? null,
    minItems: declaration.minItems ?? null,
    maxItems: declaration.maxItems ?? null,
    holdsPath: declaration.holdsPath ?? null,
    besideSecret: declaration.besideSecret === true,
    changedBy: changedBy(section, name),
    schema: declaration,
  };
}

function isType(type: string): type is Setting["type"] {
  return ["integer", "string", "boolean", "list"].includes(type);
}
