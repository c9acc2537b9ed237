import type { Override } from "../../agent/config/load.ts";
import { ConfigurationError } from "../../agent/contract/errors.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { configurationOver, type LiveConfiguration } from "../live/settings.ts";
import type { FleetFlags } from "./flags.ts";

const FLAG = "porchlight-sim fleet";
const DEFAULTS: readonly Override[] = [
  { path: "device.id", value: "fleet", flag: FLAG },
  { path: "device.clock", value: "system", flag: FLAG },
  { path: "button.maxPerMinute", value: 600, flag: FLAG },
  // Clips that have been uploaded stay as long as there is room, and this is memory.
  { path: "spool.maxBytes", value: 16_777_216, flag: FLAG },
  { path: "broker.urls", value: "mqtt://127.0.0.1:0", flag: FLAG },
];
/** `-` and five digits follow it; a name has 36 characters at most. */
const LONGEST_PREFIX = 30;

/**
 * Settings that all doorbells of a fleet share: the agent's defaults, then the fleet's, then the file, then the
 * command line. `device.id` begins each name.
 * @throws ConfigurationError with every problem.
 */
export function fleetConfiguration(flags: FleetFlags, folder: string): LiveConfiguration {
  const { broker, protocol, clips } = flags;
  const given: Override[] = [{ path: "camera.source", value: clips ? "test" : "none", flag: "--clips" }];
  if (broker !== undefined) given.push({ path: "broker.urls", value: broker, flag: "--broker" });
  if (protocol !== undefined) given.push({ path: "broker.protocol", value: protocol, flag: "--protocol" });
  const configuration = configurationOver(DEFAULTS, flags.config, given, folder);
  const problems = problemsOf(configuration.settings);
  if (problems.length > 0) throw new ConfigurationError(problems);
  return configuration;
}

/** The settings of doorbell `number` (from 1): all but its name are the same objects. */
export function settingsOf(settings: Settings, number: number): Settings {
  return { ...settings, device: { ...settings.device, id: nameOf(settings, number) } };
}

function nameOf({ device }: Settings, number: number): string {
  return `${device.id}-${String(number).padStart(5, "0")}`;
}

function problemsOf({ uplink, broker, device }: Settings): string[] {
  const problems: string[] = [];
  if (uplink.settle === "receipt") {
    problems.push(`${FLAG}: uplink.settle: found receipt, allowed: puback (nobody here gives receipts)`);
  }
  if (broker.urls.length > 1) {
    problems.push(`${FLAG}: broker.urls: found ${broker.urls.length} addresses, allowed: one`);
  }
  if (device.id.length > LONGEST_PREFIX) {
    problems.push(
      `${FLAG}: device.id: found ${device.id.length} characters, allowed: ${LONGEST_PREFIX}, since a number follows`,
    );
  }
  return problems;
}
