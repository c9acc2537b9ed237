import { findBoxes } from "./mp4-boxes.ts";

/** ITU-T H.264 table 7-1: sequence parameter set. */
const NAL_SPS = 7;

/**
 * The sequence parameter set that an initialisation segment declares (ISO/IEC 14496-15 §5.3.3.1.2, `avcC`); null
 * when it declares none.
 */
export function declaredParameterSet(init: Uint8Array): Uint8Array | null {
  for (const stsd of findBoxes(init, ["moov", "trak", "mdia", "minf", "stbl", "stsd"]))
    for (const entry of findBoxes(init, ["avc1"], stsd.contentStart + 8, stsd.end))
      for (const { contentStart, end } of findBoxes(init, ["avcC"], entry.contentStart + 78, entry.end)) {
        const avcC = init.subarray(contentStart, end);
        const length = ((avcC[6] ?? 0) << 8) | (avcC[7] ?? 0);
        return ((avcC[5] ?? 0) & 0x1f) > 0 ? avcC.subarray(8, 8 + length) : null;
      }
  return null;
}

/**
 * The sequence parameter set that a `moof`+`mdat` with one picture carries in band; null without any. Units have
 * lengths of four bytes, as ffmpeg writes them (ISO/IEC 14496-15 §5.3.4.2).
 */
export function inBandParameterSet(pair: Uint8Array): Uint8Array | null {
  const view = new DataView(pair.buffer, pair.byteOffset, pair.byteLength);
  for (const { contentStart, end } of findBoxes(pair, ["mdat"]))
    for (let at = contentStart; at + 5 <= end; ) {
      const length = view.getUint32(at);
      if (length === 0 || at + 4 + length > end) break;
      if (((pair[at + 4] ?? 0) & 0x1f) === NAL_SPS) return pair.subarray(at + 4, at + 4 + length);
      at += 4 + length;
    }
  return null;
}

/** Whether the pictures from this keyframe on are no longer those that the initialisation segment declares. */
export function hasOtherPictures(declared: Uint8Array | null, keyframePair: Uint8Array): boolean {
  const inBand = inBandParameterSet(keyframePair);
  if (!declared || !inBand) return false;
  return declared.length !== inBand.length || declared.some((byte, i) => byte !== inBand[i]);
}
