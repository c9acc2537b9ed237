import { dirname, resolve } from "node:path";
import type { ConfigurationProblem, WireSettings } from "../../device/ports/configuration-store.ts";
import { ConfigurationError } from "../contract/errors.ts";
import { defaultSettings, listSettings, type Setting, type SettingValue } from "../contract/setting-list.ts";
import type { Settings } from "../contract/settings.ts";
import { checkTree, type Problem, treeOf } from "./check.ts";
import { inWords } from "./in-words.ts";
import { type FileContent, readYamlFile } from "./read-yaml.ts";
import { checkRules } from "./rules.ts";

/** A setting given on the command line. */
export interface Override {
  /** Such as `camera.source`. */
  path: string;
  /** Text is read as a number, `true`/`false` or a list of one where the setting is that. */
  value: unknown;
  /** How the caller gave it, such as `--camera`: for messages and `--print-config`. */
  flag: string;
}

/** Where a value came from. */
export type Origin =
  | { from: "default" }
  | { from: "file"; file: string; line: number }
  /** `config/desired`; `signed` by the owner. */
  | { from: "wire"; version: number; signed: boolean }
  | { from: "flag"; flag: string };

export interface Configuration {
  settings: Settings;
  /** By path, one for every setting. */
  origins: ReadonlyMap<string, Origin>;
}

/** What a device's own configuration is made of, as it was read. */
export interface OwnConfiguration {
  /** Null without a file. */
  content: FileContent | null;
  overrides: readonly Override[];
  /** The working directory. */
  folder: string;
}

/**
 * Settings from their defaults, then a YAML file, then the command line: the later wins, one setting at a time.
 * Relative paths are made absolute: those in the file from the folder of the file, all others from `folder`.
 * @throws ConfigurationError naming every problem with its place, what was found and what is allowed.
 */
export function loadConfiguration(from: {
  file?: string | undefined;
  overrides?: readonly Override[];
  /** The working directory. */
  folder: string;
}): Configuration {
  const content = from.file === undefined ? null : readYamlFile(from.file);
  return mergeConfiguration(content, from.overrides ?? [], from.folder);
}

/**
 * `loadConfiguration` for a file that has been read, with what came over the wire between it and the command line.
 * @throws ConfigurationError naming every problem with its place.
 */
export function mergeConfiguration(
  content: FileContent | null,
  overrides: readonly Override[],
  folder: string,
  wire: WireSettings | null = null,
): Configuration {
  const { problems, ...configuration } = merge({ content, overrides, folder }, wire);
  if (problems.length > 0) throw new ConfigurationError(problems.map(({ line }) => line));
  return configuration;
}

/** What is wrong with these settings from the wire over the device's own; empty: the agent can start with them. */
export function wireProblems(own: OwnConfiguration, wire: WireSettings): ConfigurationProblem[] {
  return merge(own, wire).problems.map(({ path, text }) => ({ field: path, reason: text }));
}

function merge(
  { content, overrides, folder }: OwnConfiguration,
  wire: WireSettings | null,
): Configuration & { problems: (Problem & { line: string })[] } {
  const fromFile = checkTree(content?.values ?? {});
  const fromWire = checkTree(wire?.settings ?? {});
  const fromOwner = checkTree(wire?.ownerSettings ?? {});
  const fromFlags = checkTree(flagTree(overrides));
  const values = new Map<string, SettingValue>();
  const origins = new Map<string, Origin>();
  const take = (setting: Setting, value: SettingValue | undefined, base: string, origin: Origin) => {
    if (value === undefined) return;
    values.set(setting.path, absolute(setting, value, base));
    origins.set(setting.path, origin);
  };
  for (const setting of listSettings()) {
    const { path } = setting;
    take(setting, setting.default, folder, { from: "default" });
    if (content) {
      const line = content.lines.get(path) ?? 0;
      const fileFolder = resolve(folder, dirname(content.file));
      take(setting, fromFile.values.get(path), fileFolder, { from: "file", file: content.file, line });
    }
    const version = wire?.version ?? 0;
    take(setting, fromWire.values.get(path), folder, { from: "wire", version, signed: false });
    take(setting, fromOwner.values.get(path), folder, { from: "wire", version, signed: true });
    const flag = overrides.findLast((override) => override.path === path)?.flag ?? "";
    take(setting, fromFlags.values.get(path), folder, { from: "flag", flag });
  }
  const settings = { ...defaultSettings(), ...treeOf(values) } as Settings;

  const problems = [
    ...fromFile.problems.map((problem) => ({ ...problem, line: fileLine(problem, content) })),
    ...[...fromWire.problems, ...fromOwner.problems].map((problem) => ({
      ...problem,
      line: `config/desired: ${printable(problem.path)}: ${problem.text}`,
    })),
    ...fromFlags.problems.map((problem) => ({ ...problem, line: flagLine(problem, overrides) })),
  ];
  // Rules between settings only say something once each setting is right by itself.
  if (problems.length === 0)
    problems.push(
      ...checkRules(settings).map((problem) => ({ ...problem, line: ruleLine(problem, origins) })),
    );
  return { settings, origins, problems };
}

/** Where a value came from, for a person: `default`, `porchlight.yaml:12` or `--camera`. */
export function originInWords(origin: Origin): string {
  switch (origin.from) {
    case "default":
      return "default";
    case "file":
      return `${printable(origin.file)}:${origin.line}`;
    case "wire":
      return `config/desired ${origin.version}${origin.signed ? ", signed by the owner" : ""}`;
    case "flag":
      return origin.flag;
  }
}

function absolute({ holdsPath }: Setting, value: SettingValue, base: string): SettingValue {
  if (typeof value !== "string" || value === "" || holdsPath === null) return value;
  if (holdsPath === "whole") return resolve(base, value);
  return value.startsWith("file:") ? `file:${resolve(base, value.slice("file:".length))}` : value;
}

function flagTree(overrides: readonly Override[]): Record<string, Record<string, unknown>> {
  const sections = new Map<string, [string, unknown][]>();
  const types = new Map(listSettings().map(({ path, type }) => [path, type]));
  for (const { path, value } of overrides) {
    const [section = "", name = ""] = path.split(/\.(.*)/s);
    const settings = sections.get(section) ?? [];
    sections.set(section, [...settings, [name, fromText(value, types.get(path))]]);
  }
  return Object.fromEntries([...sections].map(([name, settings]) => [name, Object.fromEntries(settings)]));
}

function fromText(value: unknown, type: Setting["type"] | undefined): unknown {
  if (typeof value !== "string") return value;
  if (type === "integer" && /^-?[0-9]{1,16}$/.test(value)) return Number(value);
  if (type === "boolean" && (value === "true" || value === "false")) return value === "true";
  return type === "list" ? [value] : value;
}

function fileLine({ path, text }: Problem, content: FileContent | null): string {
  const line = content?.lines.get(path);
  return `${printable(content?.file ?? "")}${line === undefined ? "" : `:${line}`}: ${printable(path)}: ${text}`;
}

function flagLine({ path, text }: Problem, overrides: readonly Override[]): string {
  const flag = overrides.findLast((override) => override.path === path)?.flag ?? "command line";
  return `${flag}: ${printable(path)}: ${text}`;
}

function ruleLine({ path, text }: Problem, origins: ReadonlyMap<string, Origin>): string {
  return `${originInWords(origins.get(path) ?? { from: "default" })}: ${path}: ${text}`;
}

/** Names come from a file and from a command line: they must neither steer a terminal nor begin a new line. */
function printable(name: string): string {
  return /^[ -~\u00a1-\uffff]{1,200}$/.test(name) ? name : inWords(name);
}
