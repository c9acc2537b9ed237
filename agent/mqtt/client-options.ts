import type { IClientOptions, Packet } from "mqtt";
import type { Broker } from "../../device/ports/broker.ts";
import type { Clock } from "../../device/ports/clock.ts";
import type { PayloadSource } from "../../device/ports/fragment-store.ts";
import { CHANNELS, QOS } from "../contract/channels.ts";
import type { Handshake } from "./handshake.ts";
import { noStore } from "./no-store.ts";
import type { Secrets } from "./secrets.ts";
import type { TlsFiles, TlsSettings } from "./tls-files.ts";

/** What every connection of one agent has in common. */
export interface MqttOptions extends TlsSettings {
  clock: Pick<Clock, "monotonicMs" | "read">;
  payloads: PayloadSource;
  protocol: "5" | "3.1.1";
  /** Empty for a broker that asks for no credentials. */
  username: string;
  /** Its first line is the password; read anew at every connection. Empty for none. */
  passwordFile: string;
  /** From `connect` to the last SUBACK; 10 s unless told. */
  connectTimeoutMs?: number;
}

export type ConnectionRequest = Parameters<Broker["connect"]>[0];

const CONNECT_TIMEOUT_MS = 10_000;
/** MQTT 5 §3.1.2.11.4: a broker keeps larger packets to itself. */
const OWN_LIMITS = { maximumPacketSize: 1_048_576 };

export function connectTimeoutMs(options: MqttOptions): number {
  return options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
}

/** What MQTT.js is told: a clean start, a retained will of QoS 1, and never to reconnect. */
export function clientOptions(
  options: MqttOptions,
  request: ConnectionRequest,
  secrets: Secrets,
  handshake: Handshake,
): IClientOptions {
  const { will, clientId, keepAliveS } = request;
  return {
    clientId,
    clean: true,
    keepalive: keepAliveS,
    protocolVersion: options.protocol === "5" ? 5 : 4,
    reconnectPeriod: 0,
    resubscribe: false,
    incomingStore: noStore,
    outgoingStore: noStore,
    connectTimeout: connectTimeoutMs(options),
    will: { topic: will.topic, payload: Buffer.from(will.text), qos: QOS, retain: CHANNELS.status.retain },
    // MQTT.js would write whole packets to its debug log, the password in CONNECT too.
    log: noLog,
    ...(options.username === "" ? {} : { username: options.username }),
    ...(secrets.password === null ? {} : { password: secrets.password }),
    ...(secrets.tls === null ? {} : tlsOptions(secrets.tls, handshake)),
    ...(options.protocol === "5" ? { properties: OWN_LIMITS } : {}),
  };
}

/**
 * To be called with every packet, before MQTT.js looks at it. No topic is ever sent by an alias (MQTT 5 §3.3.2.3.4), and MQTT.js
 * would hold a table of them for every broker that takes some.
 */
export function forgoAliases(packet: Packet): void {
  if (packet.cmd === "connack" && packet.properties) packet.properties.topicAliasMaximum = 0;
}

function noLog(): void {}

/** For both ways that MQTT.js makes a TLS socket; the host's name is sent by SNI (RFC 6066 §3) on both. */
export function tlsOptions({ context }: TlsFiles, handshake: Handshake): IClientOptions {
  const secure = { secureContext: context };
  const wsOptions = { createConnection: (options: object) => handshake.connect({ ...options, ...secure }) };
  return { ...secure, wsOptions } as IClientOptions;
}

/** Host and port of a broker's address, without the user name and password that may be in it. */
export function placeOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "the broker";
}

/** Of a broker's address, without the brackets of IPv6. */
export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).hostname.replace(/^\[|\]$/g, "") : "";
}
