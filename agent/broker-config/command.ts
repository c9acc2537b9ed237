import { UsageError } from "../contract/errors.ts";
import { DEVICE_ID } from "../contract/topics.ts";
import type { BrokerConfigFile } from "./file.ts";
import { mosquittoFiles } from "./mosquitto.ts";
import { rabbitmqFiles } from "./rabbitmq.ts";

/** The command line of `porchlight broker-config`, as it was given. */
export interface BrokerConfigFlags {
  address: string;
  port: string;
  certificates?: string;
  aclFile?: string;
  data?: string;
  device?: string[];
  cloud?: string[];
  homeAssistant?: true | string;
  fileTransfer?: true;
  node?: string[];
  only?: string;
}

const CERTIFICATES = { mosquitto: "/etc/mosquitto/certs", rabbitmq: "/etc/rabbitmq/certs" };
const ACL_FILE = { mosquitto: "/etc/mosquitto/porchlight.acl", rabbitmq: "/etc/rabbitmq/definitions.json" };
const PARTS = ["configuration", "acl"];

/**
 * What a broker must be told so that each device has its own topics and no other's: all files one after the other, or the one
 * that `only` names.
 * @throws UsageError of one line, naming the flag, what was found and what would be right.
 */
export function brokerConfig(broker: string, flags: BrokerConfigFlags): string {
  if (broker !== "mosquitto" && broker !== "rabbitmq")
    throw new UsageError(`broker-config is for mosquitto or rabbitmq, not ${shown(broker)}`);
  const { only, device: devices = [], cloud = ["cloud"], node: nodes = [] } = flags;
  if (only !== undefined && !PARTS.includes(only))
    throw new UsageError(`--only is ${PARTS.join(" or ")}, not ${shown(only)}`);
  const options = {
    address: plain("--address", flags.address),
    port: portOf(flags.port),
    certificates: plain("--certificates", flags.certificates ?? CERTIFICATES[broker]),
    cloud: cloud.map((name) => identity("--cloud", name)),
    homeAssistant: flags.homeAssistant !== undefined,
    homeAssistantName:
      typeof flags.homeAssistant === "string"
        ? identity("--home-assistant", flags.homeAssistant)
        : "home-assistant",
    fileTransfer: flags.fileTransfer === true,
  };
  const aclFile = plain("--acl-file", flags.aclFile ?? ACL_FILE[broker]);
  if (broker === "mosquitto") {
    if (devices.length > 0 || nodes.length > 0)
      throw new UsageError("--device and --node are for rabbitmq: mosquitto's rules hold for every device");
    const data = plain("--data", flags.data ?? "/var/lib/mosquitto");
    return joined(mosquittoFiles({ ...options, aclFile, data }), only);
  }
  if (flags.data !== undefined)
    throw new UsageError("--data is for mosquitto: RabbitMQ is told its folder by its environment");
  if (devices.length === 0)
    throw new UsageError("--device is missing: RabbitMQ needs a user for each device, name them all");
  const files = rabbitmqFiles({
    ...options,
    definitionsFile: aclFile,
    devices: devices.map((name) => identity("--device", name)),
    nodes: nodes.map((name) => plain("--node", name)),
  });
  return joined(files, only);
}

function joined(files: readonly BrokerConfigFile[], only: string | undefined): string {
  if (only !== undefined)
    return files
      .filter(({ part }) => part === only)
      .map(({ text }) => text)
      .join("");
  return files.map(({ part, name, text }) => `# ==== ${name} (--only ${part})\n${text}`).join("\n");
}

function portOf(text: string): number {
  const port = /^[0-9]{1,5}$/.test(text) ? Number(text) : 0;
  if (port >= 1 && port <= 65_535) return port;
  throw new UsageError(`--port is a whole number from 1 to 65535, not ${shown(text)}`);
}

/** A name of a certificate, which becomes a level of topics and part of a pattern. */
function identity(flag: string, name: string): string {
  if (DEVICE_ID.test(name)) return name;
  throw new UsageError(`${flag} is 3 to 36 characters of a-z, 0-9 and -, not ${shown(name)}`);
}

/** What stands in a line of a configuration file. */
function plain(flag: string, text: string): string {
  if (/^[!-~]+$/.test(text) && !text.startsWith("#")) return text;
  throw new UsageError(`${flag} is text without spaces, not ${shown(text)}`);
}

/** It goes to a terminal. */
function shown(text: string): string {
  return /^[ -~]{1,40}$/.test(text) ? text : JSON.stringify(text.slice(0, 40));
}
