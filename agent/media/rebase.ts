import { type Box, boxesIn, findBoxes } from "./mp4-boxes.ts";

/** The bytes are not fragments that can be cut out of their stream: the camera's fault, never the caller's. */
export class RebaseError extends Error {
  override name = "RebaseError";
}

/** The common time that becomes 0, in ticks of the track it was read from. */
export interface RebaseOrigin {
  ticks: bigint;
  timescale: number;
  /** Ticks a second of every track, by track id. */
  timescales: Record<number, number>;
}

const TFHD_BASE_DATA_OFFSET_PRESENT = 0x000001;

/**
 * The decode time at which the video of `fragment` begins (ISO/IEC 14496-12 §8.8.12).
 * @throws RebaseError when it holds no video, or is not whole boxes.
 */
export function originOf(
  fragment: Uint8Array,
  stream: { timescales: Record<number, number>; videoTrackId: number },
): RebaseOrigin {
  for (const moof of boxes(fragment, "moof")) {
    for (const traf of below(fragment, moof, "traf")) {
      if (trackOf(fragment, traf) !== stream.videoTrackId) continue;
      return {
        ticks: decodeTime(fragment, traf).ticks,
        timescale: timescaleOf(stream.timescales, stream.videoTrackId),
        timescales: stream.timescales,
      };
    }
  }
  throw new RebaseError(`no movie fragment of track ${stream.videoTrackId}`);
}

/**
 * Copies `pairs` (`moof`+`mdat` each) into one array whose times count from `origin`: `tfdt` of every track in
 * its own timescale (ISO/IEC 14496-12 §8.8.12, versions 0 and 1), `mfhd` numbers from `firstSequence` on
 * (§8.8.5). Track fragments that begin before `origin` are left out: a pair of nothing else is dropped, and
 * one of several is renamed `free` (§8.1.2), so that the data offsets of its neighbours stay true.
 * @throws RebaseError when a pair is not whole boxes, has no `tfdt`, or counts its data from the start of the file.
 */
export function rebase(
  pairs: readonly Uint8Array[],
  origin: RebaseOrigin,
  firstSequence: number,
): { data: Uint8Array<ArrayBuffer>; nextSequence: number } {
  const data = new Uint8Array(pairs.reduce((sum, pair) => sum + pair.length, 0));
  let length = 0;
  let sequence = firstSequence;
  for (const pair of pairs) {
    const copy = data.subarray(length, length + pair.length);
    copy.set(pair);
    const trafs = rebaseInPlace(copy, origin, sequence);
    if (trafs === 0) continue;
    length += pair.length;
    sequence += boxes(copy, "moof").length;
  }
  return { data: length === data.length ? data : data.slice(0, length), nextSequence: sequence };
}

/** Rewrites one pair; how many of its track fragments remain. */
function rebaseInPlace(pair: Uint8Array, origin: RebaseOrigin, firstSequence: number): number {
  const view = viewOf(pair);
  let sequence = firstSequence;
  let remaining = 0;
  for (const moof of boxes(pair, "moof")) {
    const mfhd = only(pair, moof, "mfhd");
    view.setUint32(mfhd.contentStart + 4, sequence++);
    for (const traf of below(pair, moof, "traf")) {
      const time = decodeTime(pair, traf);
      const ticks = time.ticks - inTimescale(origin, timescaleOf(origin.timescales, trackOf(pair, traf)));
      if (ticks < 0n) {
        pair.set([0x66, 0x72, 0x65, 0x65], traf.start + 4);
        continue;
      }
      if (time.version === 1) view.setBigUint64(time.at, ticks);
      else view.setUint32(time.at, Number(ticks));
      remaining += 1;
    }
  }
  return remaining;
}

/** The origin in another track's ticks, to the nearest. */
function inTimescale(origin: RebaseOrigin, timescale: number): bigint {
  if (timescale === origin.timescale) return origin.ticks;
  const from = BigInt(origin.timescale);
  return (origin.ticks * BigInt(timescale) * 2n + from) / (from * 2n);
}

function decodeTime(bytes: Uint8Array, traf: Box): { version: 0 | 1; at: number; ticks: bigint } {
  const view = viewOf(bytes);
  const tfdt = only(bytes, traf, "tfdt");
  const at = tfdt.contentStart + 4;
  const version = view.getUint8(tfdt.contentStart);
  if (version === 0 && at + 4 <= tfdt.end) return { version, at, ticks: BigInt(view.getUint32(at)) };
  if (version === 1 && at + 8 <= tfdt.end) return { version, at, ticks: view.getBigUint64(at) };
  throw new RebaseError(`tfdt of version ${version} in ${tfdt.end - tfdt.start} bytes`);
}

/** Track id of a track fragment, whose data must be counted from its `moof` (§8.8.7). */
function trackOf(bytes: Uint8Array, traf: Box): number {
  const view = viewOf(bytes);
  const tfhd = only(bytes, traf, "tfhd");
  if (view.getUint32(tfhd.contentStart) & TFHD_BASE_DATA_OFFSET_PRESENT) {
    throw new RebaseError("tfhd with base-data-offset: its data is counted from the start of the stream");
  }
  return view.getUint32(tfhd.contentStart + 4);
}

function timescaleOf(timescales: Record<number, number>, trackId: number): number {
  const timescale = timescales[trackId];
  if (!timescale) throw new RebaseError(`track ${trackId} is not in the init segment`);
  return timescale;
}

function only(bytes: Uint8Array, parent: Box, type: string): Box {
  const [box, ...more] = below(bytes, parent, type);
  // 8: version, flags and the first field of every full box that is read here.
  if (!box || more.length > 0 || box.end - box.contentStart < 8) {
    throw new RebaseError(`${parent.type} without exactly one whole ${type}`);
  }
  return box;
}

function below(bytes: Uint8Array, parent: Box, type: string): Box[] {
  return whole(() => [...findBoxes(bytes, [type], parent.contentStart, parent.end)]);
}

function boxes(bytes: Uint8Array, type: string): Box[] {
  return whole(() => [...boxesIn(bytes)].filter((box) => box.type === type));
}

function whole(read: () => Box[]): Box[] {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) throw new RebaseError(error.message);
    throw error;
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
