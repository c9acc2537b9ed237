/**
 * The RFC 6381 §3.3 codec string of an `avcC` box's content (ISO/IEC 14496-15 §5.3.3.1), such as `avc1.42c01f`.
 * @throws RangeError when it is not an AVCDecoderConfigurationRecord of version 1.
 */
export function avcCodecString(configuration: Uint8Array): string {
  const [version, profile, compatibility, level] = configuration;
  if (version !== 1 || profile === undefined || compatibility === undefined || level === undefined)
    throw new RangeError("not an AVC decoder configuration record");
  return `avc1.${[profile, compatibility, level].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
