import {
  type Configuration,
  mergeConfiguration,
  type Override,
  originInWords,
} from "../../agent/config/load.ts";
import { readYamlFile } from "../../agent/config/read-yaml.ts";
import { ConfigurationError } from "../../agent/contract/errors.ts";

/** The command line of `porchlight-sim live`, as far as it sets settings. */
export interface LiveFlags {
  camera?: string | undefined;
  broker?: string | undefined;
  protocol?: string | undefined;
  data?: string | undefined;
  config?: string | undefined;
}

export interface LiveConfiguration extends Configuration {
  /** The run brings its own broker, and its address is not known yet. */
  ownBroker: boolean;
}

/** Stands for the simulator's own broker on any free port; also in a configuration file. */
export const OWN_BROKER = "mqtt://127.0.0.1:0";

const FLAG = "porchlight-sim live";
/** Where a live run differs from a device: nothing needs to be set up first, and somebody is watching. */
const DEFAULTS: readonly Override[] = [
  { path: "camera.source", value: "test", flag: FLAG },
  { path: "device.clock", value: "system", flag: FLAG },
  { path: "uplink.settle", value: "receipt", flag: FLAG },
  { path: "broker.urls", value: OWN_BROKER, flag: FLAG },
];
const OWN_BROKER_DEFAULTS: readonly Override[] = [
  { path: "broker.protocol", value: "3.1.1", flag: FLAG },
  // It is on this machine, and somebody has just switched it on.
  { path: "uplink.reconnectMaxMs", value: 2_000, flag: FLAG },
];

/**
 * Settings of a live run: the agent's defaults, then the simulator's, then the file, then the command line.
 * @throws ConfigurationError with every problem.
 */
export function liveConfiguration(flags: LiveFlags, folder: string): LiveConfiguration {
  return configurationOver(DEFAULTS, flags.config, overridesOf(flags), folder);
}

/**
 * The same for any run of the simulator: the agent's defaults, then `defaults`, then the file, then `given`. A run for
 * which no broker is named brings its own.
 * @throws ConfigurationError with every problem.
 */
export function configurationOver(
  defaults: readonly Override[],
  file: string | undefined,
  given: readonly Override[],
  folder: string,
): LiveConfiguration {
  const content = file === undefined ? null : readYamlFile(file);
  const notInFile = (overrides: readonly Override[]) =>
    overrides.filter(({ path }) => !content?.lines.has(path));
  const configuration = mergeConfiguration(content, [...notInFile(defaults), ...given], folder);
  if (!configuration.settings.broker.urls.includes(OWN_BROKER)) return { ...configuration, ownBroker: false };

  const own = [...notInFile([...defaults, ...OWN_BROKER_DEFAULTS]), ...given];
  const withOwn = mergeConfiguration(content, own, folder);
  refuseWhatOwnBrokerCannot(withOwn);
  return { ...withOwn, ownBroker: true };
}

function overridesOf({ camera, broker, protocol, data }: LiveFlags): Override[] {
  const flags: [path: string, value: string | undefined, flag: string][] = [
    ["camera.source", camera, "--camera"],
    ["broker.urls", broker, "--broker"],
    ["broker.protocol", protocol, "--protocol"],
    ["device.dataFolder", data, "--data"],
  ];
  return flags.flatMap(([path, value, flag]) => (value === undefined ? [] : [{ path, value, flag }]));
}

function refuseWhatOwnBrokerCannot({ settings, origins }: Configuration): void {
  const problems: string[] = [];
  const refuse = (path: string, found: string, allowed: string) => {
    const origin = originInWords(origins.get(path) ?? { from: "default" });
    problems.push(`${origin}: ${path}: found ${found}, allowed with the simulator's own broker: ${allowed}`);
  };
  if (settings.broker.protocol !== "3.1.1") {
    refuse("broker.protocol", settings.broker.protocol, "3.1.1 (for MQTT 5 give another one with --broker)");
  }
  if (settings.broker.urls.length > 1) refuse("broker.urls", "more than one address", `${OWN_BROKER} alone`);
  if (problems.length > 0) throw new ConfigurationError(problems);
}
