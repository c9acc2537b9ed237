/** A box of ISO/IEC 14496-12 §4.2 as byte positions in the array it was read from. */
export interface Box {
  /** Four characters, such as `moof`. */
  type: string;
  start: number;
  /** First byte after the header (for a full box: its version and flags). */
  contentStart: number;
  end: number;
}

/**
 * The boxes that stand side by side in `bytes[start, end)`.
 * @throws RangeError when a box does not fit: the bytes are not whole boxes.
 */
export function* boxesIn(bytes: Uint8Array, start = 0, end = bytes.length): Generator<Box> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = start;
  while (at < end) {
    const box = boxAt(view, at, end);
    if (!box || box.end > end) throw new RangeError(`no whole MP4 box at byte ${at}`);
    yield box;
    at = box.end;
  }
}

/** Reads the header of the box at `at`; null when the header itself is not whole yet. Its `end` may lie beyond `end`. */
export function boxAt(view: DataView, at: number, end: number): Box | null {
  if (end - at < 8) return null;
  const type = String.fromCharCode(...[4, 5, 6, 7].map((i) => view.getUint8(at + i)));
  const size32 = view.getUint32(at);
  if (size32 !== 1) {
    if (size32 < 8) throw new RangeError(`MP4 box ${JSON.stringify(type)} at byte ${at} has size ${size32}`);
    return { type, start: at, contentStart: at + 8, end: at + size32 };
  }
  if (end - at < 16) return null;
  const size = Number(view.getBigUint64(at + 8));
  if (size < 16) throw new RangeError(`MP4 box ${JSON.stringify(type)} at byte ${at} has size ${size}`);
  return { type, start: at, contentStart: at + 16, end: at + size };
}

/** Every box reached by following `path` down from `bytes[start, end)`; plain container boxes only. */
export function* findBoxes(
  bytes: Uint8Array,
  path: readonly [string, ...string[]],
  start = 0,
  end = bytes.length,
): Generator<Box> {
  const [type, ...rest] = path;
  for (const box of boxesIn(bytes, start, end)) {
    if (box.type !== type) continue;
    const [next, ...below] = rest;
    if (next === undefined) yield box;
    else yield* findBoxes(bytes, [next, ...below], box.contentStart, box.end);
  }
}
