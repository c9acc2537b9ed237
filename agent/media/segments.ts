/** Cuts `bytes` that begin at `offset` of a clip's file into contiguous ranges of at most `segmentBytes`. */
export function segmentRanges(
  offset: number,
  bytes: number,
  segmentBytes: number,
): { offset: number; bytes: number }[] {
  const ranges = [];
  for (let at = 0; at < bytes; at += segmentBytes) {
    ranges.push({ offset: offset + at, bytes: Math.min(segmentBytes, bytes - at) });
  }
  return ranges;
}
