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
