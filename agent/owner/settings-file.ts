import { checkTree } from "../config/check.ts";
import { readYamlFile } from "../config/read-yaml.ts";
import type { OwnerConfiguration } from "../contract/configuration.ts";
import { ConfigurationError } from "../contract/errors.ts";
import { listSettings } from "../contract/setting-list.ts";

/**
 * The owner's settings in a YAML file, as they stand in the device's own.
 * @throws ConfigurationError naming every setting that is wrong, or is not for the owner to sign.
 */
export function readOwnerSettings(file: string): OwnerConfiguration["settings"] {
  const { values: tree, lines } = readYamlFile(file);
  const { values, problems } = checkTree(tree);
  const found = problems.map(({ path, text }) => ({ path, text }));
  for (const { path, changedBy } of listSettings()) {
    if (values.has(path) && changedBy !== "owner") {
      found.push({ path, text: changedBy === "broker" ? UNSIGNED : ON_THE_DEVICE });
    }
  }
  if (found.length > 0) {
    throw new ConfigurationError(
      found.map(({ path, text }) => `${file}:${lines.get(path) ?? 1}: ${path}: ${text}`),
    );
  }
  return tree as OwnerConfiguration["settings"];
}

const UNSIGNED = "this is not signed: it stands in `settings` of config/desired";
const ON_THE_DEVICE = "only the file on the device sets this";
