import type { BrokerMessageOut } from "../../device/ports/broker.ts";

/** Properties of an outgoing PUBLISH that the contract makes use of (MQTT 5 §3.3.2.3). */
export interface PublishProperties {
  contentType?: string;
  messageExpiryInterval?: number;
  correlationData?: Buffer;
}

/** What goes out with a message; null on 3.1.1. */
export function propertiesOf(
  { contentType, expiryS, correlation }: BrokerMessageOut,
  protocol: "5" | "3.1.1",
): PublishProperties | null {
  if (protocol !== "5") return null;
  return {
    ...(contentType === null ? {} : { contentType }),
    ...(expiryS === null ? {} : { messageExpiryInterval: expiryS }),
    ...(correlation === undefined ? {} : { correlationData: Buffer.from(correlation, "base64") }),
  };
}

type PacketBytes = (message: BrokerMessageOut, payload: string | Uint8Array) => number;

/** How large messages are on the wire, by the protocol. */
export function packetBytesOf(protocol: "5" | "3.1.1"): PacketBytes {
  return PACKET_BYTES[protocol];
}

const PACKET_BYTES: Record<"5" | "3.1.1", PacketBytes> = {
  "5": (message, payload) => publishPacketBytes(message.topic, payload, propertiesOf(message, "5")),
  "3.1.1": ({ topic }, payload) => publishPacketBytes(topic, payload, null),
};

/**
 * Size of a PUBLISH of QoS 1 on the wire, fixed header included (MQTT 3.1.1 and 5 §3.3).
 * `properties` is null on 3.1.1, where the packet has none.
 */
export function publishPacketBytes(
  topic: string,
  payload: string | Uint8Array,
  properties: PublishProperties | null,
): number {
  const packetIdBytes = 2;
  const remaining =
    2 + Buffer.byteLength(topic) + packetIdBytes + propertiesBytes(properties) + Buffer.byteLength(payload);
  return 1 + variableIntegerBytes(remaining) + remaining;
}

function propertiesBytes(properties: PublishProperties | null): number {
  if (!properties) return 0;
  const { contentType, correlationData, messageExpiryInterval } = properties;
  const bytes =
    (contentType === undefined ? 0 : 3 + Buffer.byteLength(contentType)) +
    (correlationData === undefined ? 0 : 3 + correlationData.length) +
    (messageExpiryInterval === undefined ? 0 : 5);
  return variableIntegerBytes(bytes) + bytes;
}

/** MQTT 5 §1.5.5. */
function variableIntegerBytes(value: number): number {
  if (value < 128) return 1;
  if (value < 16_384) return 2;
  return value < 2_097_152 ? 3 : 4;
}
