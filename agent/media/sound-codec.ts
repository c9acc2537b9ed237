import { findBoxes } from "./mp4-boxes.ts";

/** Tags of ISO/IEC 14496-1 §7.2.2.1. */
const ES_DESCRIPTOR = 3;
const DECODER_CONFIG = 4;
const DECODER_SPECIFIC = 5;

/**
 * The RFC 6381 codec string of an `mp4a` track, such as `mp4a.40.2`, read from the `esds` box of its sample entry
 * (ISO/IEC 14496-14 §5.6, ISO/IEC 14496-1 §7.2.6.6); `mp4a` when it says no more. Null when the sample descriptions in
 * `stsd` are of another sound.
 */
export function soundCodecOf(data: Uint8Array, stsd: { contentStart: number; end: number }): string | null {
  for (const entry of findBoxes(data, ["mp4a"], stsd.contentStart + 8, stsd.end)) {
    // AudioSampleEntry, ISO/IEC 14496-12 §12.2.3: 28 bytes, then boxes.
    for (const esds of findBoxes(data, ["esds"], entry.contentStart + 28, entry.end))
      return describe(data.subarray(esds.contentStart + 4, esds.end));
    return "mp4a";
  }
  return null;
}

function describe(descriptors: Uint8Array): string {
  const stream = descriptor(descriptors, ES_DESCRIPTOR);
  const config = stream && descriptor(stream.subarray(3), DECODER_CONFIG);
  const objectType = config?.[0];
  if (!config || objectType === undefined) return "mp4a";
  const specific = descriptor(config.subarray(13), DECODER_SPECIFIC);
  const first = specific?.[0];
  const audioObjectType = first === undefined ? "" : `.${first >> 3}`;
  return `mp4a.${objectType.toString(16)}${audioObjectType}`;
}

/** The content of the descriptor that begins here, if it has this tag; its length is in groups of seven bits. */
function descriptor(bytes: Uint8Array, tag: number): Uint8Array | null {
  if (bytes[0] !== tag) return null;
  let length = 0;
  let at = 1;
  for (; at < 5; at++) {
    const byte = bytes[at] ?? 0;
    length = (length << 7) | (byte & 0x7f);
    if ((byte & 0x80) === 0) break;
  }
  return bytes.subarray(at + 1, at + 1 + length);
}
