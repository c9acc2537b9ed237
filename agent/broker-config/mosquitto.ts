import { type AccessOptions, accessOf, type Role } from "./access.ts";
import type { BrokerConfigFile } from "./file.ts";

export interface MosquittoOptions extends AccessOptions {
  address: string;
  port: number;
  /** Holds `ca.crt`, `server.crt` and `server.key`. */
  certificates: string;
  /** Where it keeps what outlives it. */
  data: string;
  /** Where the ACL file will stand. */
  aclFile: string;
  /** Common names of the cloud's programs: one certificate, and one connection, each. */
  cloud: readonly string[];
  /** Common name of Home Assistant. */
  homeAssistantName: string;
}

/** `mosquitto.conf` and its ACL file (mosquitto.conf(5), mosquitto 2): mutual TLS, nobody anonymous, and no topic but one's own. */
export function mosquittoFiles(options: MosquittoOptions): BrokerConfigFile[] {
  return [
    { part: "configuration", name: "mosquitto.conf", text: lines(configuration(options)) },
    { part: "acl", name: "porchlight.acl", text: lines(acl(options)) },
  ];
}

function configuration({ address, port, certificates, aclFile, data }: MosquittoOptions): string[] {
  return [
    "# Porchlight on mosquitto 2: mutual TLS, the common name of a certificate is who it is.",
    `listener ${port} ${address}`,
    `cafile ${certificates}/ca.crt`,
    `certfile ${certificates}/server.crt`,
    `keyfile ${certificates}/server.key`,
    "tls_version tlsv1.2",
    "require_certificate true",
    "use_identity_as_username true",
    "# Else one device could take another's client id, and so its connection.",
    "use_username_as_clientid true",
    "allow_anonymous false",
    `acl_file ${aclFile}`,
    "",
    "# A message that a consumer has not fetched yet, and what is retained, outlive a crash of the broker.",
    "persistence true",
    `persistence_location ${data.replace(/\/*$/, "/")}`,
    "autosave_on_changes true",
    "autosave_interval 1",
    "# Not 0, unlimited: mosquitto 2.0.11 then cuts off a client whose publish it refuses.",
    "max_queued_messages 1000000",
  ];
}

function acl(options: MosquittoOptions): string[] {
  const { cloud, homeAssistant, homeAssistantName } = options;
  return [
    "# Made by `porchlight broker-config mosquitto` from the contract's topics.",
    "# A device: what it sends and what is sent to it, and of no other device.",
    ...rules("pattern", "device", "%u", options),
    ...cloud.flatMap((name) => ["", `user ${name}`, ...rules("topic", "cloud", "+", options)]),
    ...(homeAssistant
      ? ["", `user ${homeAssistantName}`, ...rules("topic", "home-assistant", "+", options)]
      : []),
  ];
}

function rules(keyword: "pattern" | "topic", role: Role, device: string, options: AccessOptions): string[] {
  const { write, read } = accessOf(role, device, options);
  return [
    ...write.map((filter) => `${keyword} write ${filter}`),
    ...read.map((filter) => `${keyword} read ${filter}`),
  ];
}

function lines(text: readonly string[]): string {
  return `${text.join("\n")}\n`;
}
