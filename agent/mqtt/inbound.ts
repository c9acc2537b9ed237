import type { IPublishPacket } from "mqtt";
import type { BrokerMessageIn } from "../../device/ports/broker.ts";
import { largestInboundBytes } from "../contract/channels.ts";

/** Larger messages are taken in without their text. */
const INBOUND_MAX_BYTES = largestInboundBytes();

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text of a payload; null when it is larger than any topic allows, or not UTF-8. */
export function textOf(payload: Uint8Array): string | null {
  if (payload.length > INBOUND_MAX_BYTES) return null;
  try {
    return utf8.decode(payload);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** What an MQTT 5 message says of how it is to be answered and until when it counts (§3.3.2.3); nothing on 3.1.1. */
export function requestOf({
  properties,
}: Pick<IPublishPacket, "properties">): Pick<BrokerMessageIn, "responseTopic" | "correlation" | "expiryS"> {
  const { responseTopic, correlationData, messageExpiryInterval } = properties ?? {};
  return {
    ...(responseTopic === undefined ? {} : { responseTopic }),
    ...(correlationData === undefined ? {} : { correlation: correlationData.toString("base64") }),
    ...(messageExpiryInterval === undefined ? {} : { expiryS: messageExpiryInterval }),
  };
}
