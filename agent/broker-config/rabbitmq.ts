import { type Access, type AccessOptions, accessOf, type Role } from "./access.ts";
import type { BrokerConfigFile } from "./file.ts";

export interface RabbitmqOptions extends AccessOptions {
  address: string;
  port: number;
  /** Holds `ca.crt`, `server.crt` and `server.key`. */
  certificates: string;
  /** Where the definitions will stand. */
  definitionsFile: string;
  /** Ids of the devices: RabbitMQ needs a user for each. */
  devices: readonly string[];
  /** Names of the cloud's programs. */
  cloud: readonly string[];
  homeAssistantName: string;
  /** Node names of the cluster, such as `rabbit@one`; empty for a single node. */
  nodes: readonly string[];
}

const EXCHANGE = "amq.topic";

/**
 * `rabbitmq.conf` and `definitions.json` of RabbitMQ 4: MQTT by mutual TLS, quorum queues for sessions that are kept, and topic
 * permissions on the exchange of MQTT, whose routing keys are topics with `.` for `/` and `*` for `+` (rabbitmq.com/docs/mqtt).
 */
export function rabbitmqFiles(options: RabbitmqOptions): BrokerConfigFile[] {
  return [
    { part: "configuration", name: "rabbitmq.conf", text: `${configuration(options).join("\n")}\n` },
    {
      part: "acl",
      name: "definitions.json",
      text: `${JSON.stringify(definitions(options), null, 2)}\n`,
    },
  ];
}

function configuration({ address, port, certificates, definitionsFile, nodes }: RabbitmqOptions): string[] {
  return [
    "# Porchlight on RabbitMQ 4: mutual TLS, the common name of a certificate is who it is.",
    "# Needs the plugins rabbitmq_mqtt and rabbitmq_auth_mechanism_ssl.",
    "listeners.tcp = none",
    "mqtt.listeners.tcp = none",
    `mqtt.listeners.ssl.1 = ${address}:${port}`,
    `ssl_options.cacertfile = ${certificates}/ca.crt`,
    `ssl_options.certfile = ${certificates}/server.crt`,
    `ssl_options.keyfile = ${certificates}/server.key`,
    "ssl_options.verify = verify_peer",
    "ssl_options.fail_if_no_peer_cert = true",
    "mqtt.ssl_cert_login = true",
    "ssl_cert_login_from = common_name",
    "# A client id must be the name in the certificate's subjectAltName (dns): else one device could take another's connection.",
    "mqtt.ssl_cert_client_id_from = subject_alternative_name",
    "mqtt.ssl_cert_login_san_type = dns",
    "mqtt.ssl_cert_login_san_index = 0",
    "# What a kept session waits for stands on a majority of the nodes before it is acknowledged.",
    "mqtt.durable_queue_type = quorum",
    "mqtt.retained_message_store = rabbit_mqtt_retained_msg_store_dets",
    `load_definitions = ${definitionsFile}`,
    ...(nodes.length === 0
      ? []
      : [
          "cluster_formation.peer_discovery_backend = classic_config",
          ...nodes.map((node, index) => `cluster_formation.classic_config.nodes.${index + 1} = ${node}`),
        ]),
  ];
}

function definitions(options: RabbitmqOptions): object {
  const { devices, cloud, homeAssistant, homeAssistantName } = options;
  const users: [name: string, role: Role][] = [
    ...devices.map((name): [string, Role] => [name, "device"]),
    ...cloud.map((name): [string, Role] => [name, "cloud"]),
    ...(homeAssistant ? [[homeAssistantName, "home-assistant"] as [string, Role]] : []),
  ];
  return {
    vhosts: [{ name: "/" }],
    // Without a password nobody gets in by one: the certificate is what counts.
    users: users.map(([name]) => ({ name, password_hash: "", limits: {}, tags: [] })),
    permissions: users.map(([user]) => ({ user, vhost: "/", ...ownQueues(user) })),
    topic_permissions: users.map(([user, role]) => ({
      user,
      vhost: "/",
      exchange: EXCHANGE,
      ...patterns(role, accessOf(role, role === "device" ? "{username}" : "+", options)),
    })),
  };
}

/** A client may have the queues of its own client id, and the one exchange. */
function ownQueues(user: string): { configure: string; write: string; read: string } {
  const queue = `mqtt-(subscription|will)-${user}(qos[01])?`;
  return { configure: `^${queue}$`, write: `^(${queue}|amq\\.topic)$`, read: `^(${queue}|amq\\.topic)$` };
}

/**
 * Regular expressions of routing keys. A subscription is judged by its filter: what a role reads of all devices it may ask for by
 * any filter below the contract's tree.
 */
function patterns(role: Role, { write, read }: Access): { write: string; read: string } {
  return {
    write: anyOf(write.map(keyPattern)),
    read: anyOf(role === "device" ? read.map(keyPattern) : [TREE, ...read.filter(isOutside).map(keyPattern)]),
  };
}

const TREE = "porchlight\\.v1\\..*";

function isOutside(filter: string): boolean {
  return !filter.startsWith("porchlight/v1/");
}

function anyOf(alternatives: readonly string[]): string {
  return `^(${alternatives.join("|")})$`;
}

const LEVELS: Record<string, string> = { "+": "[^.#]+", "#": ".+", "{username}": "{username}" };

function keyPattern(filter: string): string {
  return filter
    .split("/")
    .map((level) => LEVELS[level] ?? level.replaceAll(/[$.]/g, "\\$&"))
    .join("\\.");
}
