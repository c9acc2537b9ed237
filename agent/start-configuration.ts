import {
  configurationFile,
  readConfigurationText,
  writeConfigurationText,
} from "../device/linux/configuration-file.ts";
import type {
  ConfigurationProblem,
  ConfigurationRecord,
  WireSettings,
} from "../device/ports/configuration-store.ts";
import {
  type Configuration,
  mergeConfiguration,
  type Override,
  type OwnConfiguration,
  wireProblems,
} from "./config/load.ts";
import { readYamlFile } from "./config/read-yaml.ts";
import { parseRecord, recordAtStart } from "./config/record.ts";
import type { ConfigurationAtStart } from "./core/configuration.ts";

/** Where a device's own configuration comes from. */
export interface ConfigurationSource {
  file: string | undefined;
  overrides: readonly Override[];
  /** The working directory. */
  folder: string;
}

/** What one start of the agent is made with. */
export interface StartConfiguration extends Configuration {
  /** For the core; undefined when nothing ever came over the wire. */
  atStart: ConfigurationAtStart | undefined;
  /** A configuration on trial was given up just now: what went wrong with it is no reason for bell-only mode. */
  isRolledBack: boolean;
  /** What is wrong with settings from the wire over the device's own. */
  problemsOf(wire: WireSettings): ConfigurationProblem[];
}

/**
 * The device's own configuration, and over it what came over the wire. Changes nothing.
 * @throws ConfigurationError naming every problem with its place.
 */
export async function readConfiguration(from: ConfigurationSource): Promise<StartConfiguration> {
  const own = readOwn(from);
  return together(own, await readRecord(dataFolderOf(own)));
}

/**
 * `readConfiguration` for an agent that starts now: counts, durably, the starts of a configuration on trial, and goes back
 * to what was before it when it has had them, or does not go together with the file any more.
 * @throws ConfigurationError naming every problem with its place.
 */
export async function configurationForStart(
  from: ConfigurationSource,
  warn: (line: string) => void,
): Promise<StartConfiguration> {
  const own = readOwn(from);
  const dataFolder = dataFolderOf(own);
  const found = await readRecord(dataFolder);
  if (found === null || typeof found === "string") return together(own, found);
  const { record, isNew } = recordAtStart(found, found.trial ? wireProblems(own, found.inForce) : []);
  if (isNew) await keep(dataFolder, record, warn);
  return { ...together(own, record), isRolledBack: found.trial !== null && record.trial === null };
}

function readOwn({ file, overrides, folder }: ConfigurationSource): OwnConfiguration {
  return { content: file === undefined ? null : readYamlFile(file), overrides, folder };
}

function dataFolderOf({ content, overrides, folder }: OwnConfiguration): string {
  return mergeConfiguration(content, overrides, folder).settings.device.dataFolder;
}

function together(own: OwnConfiguration, found: ConfigurationRecord | string | null): StartConfiguration {
  const { content, overrides, folder } = own;
  const problemsOf = (wire: WireSettings) => wireProblems(own, wire);
  if (found !== null && typeof found === "object") {
    const configuration = mergeConfiguration(content, overrides, folder, found.inForce);
    return { ...configuration, atStart: { record: found }, isRolledBack: false, problemsOf };
  }
  const { settings, origins } = mergeConfiguration(content, overrides, folder);
  if (found === null) return { settings, origins, atStart: undefined, isRolledBack: false, problemsOf };
  // The owner's masks are not known: the bell rings, and nothing is filmed.
  const blind = { ...settings, camera: { ...settings.camera, source: "none" } };
  return { settings: blind, origins, atStart: { unusable: found }, isRolledBack: false, problemsOf };
}

/** The agent starts even on a disk that does not take it. */
async function keep(
  dataFolder: string,
  record: ConfigurationRecord,
  warn: (line: string) => void,
): Promise<void> {
  try {
    await writeConfigurationText(dataFolder, `${JSON.stringify(record)}\n`);
  } catch (error) {
    warn(`${configurationFile(dataFolder)} cannot be written (${codeOf(error)})`);
  }
}

/** Null when nothing ever came over the wire; a string says why it cannot be known. */
async function readRecord(dataFolder: string): Promise<ConfigurationRecord | string | null> {
  const file = configurationFile(dataFolder);
  try {
    const text = await readConfigurationText(dataFolder);
    if (text === null) return null;
    return parseRecord(text) ?? `${file} is damaged: remove it to begin with the device's own file`;
  } catch (error) {
    return `${file} cannot be read (${codeOf(error)})`;
  }
}

/** @throws what Node did not throw for a file. */
function codeOf(error: unknown): string {
  if (error instanceof Error && "code" in error) return String(error.code);
  throw error;
}
