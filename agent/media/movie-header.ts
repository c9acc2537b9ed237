import type { InitSegment } from "../../device/ports/fragment-store.ts";
import { avcCodecString } from "./codec-string.ts";
import { type Box, findBoxes } from "./mp4-boxes.ts";
import { soundCodecOf } from "./sound-codec.ts";

/** What a `moov` says that its fragments leave out: ISO/IEC 14496-12 §8.8.3 (`trex`). */
export interface TrackDefaults {
  sampleDuration: number;
  sampleFlags: number;
}

/** An initialisation segment, with the defaults of its video track. */
export interface MovieHeader {
  init: InitSegment;
  videoDefaults: TrackDefaults;
}

/**
 * Reads `ftyp` and `moov` of a fragmented MP4 whose video is H.264 (`avc1` or `avc3`).
 * @throws RangeError when there is no such video in it.
 */
export function readMovieHeader(data: Uint8Array): MovieHeader {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const timescales: Record<number, number> = {};
  let soundCodec = "";
  let video: { trackId: number; entry: SampleEntry } | null = null;
  for (const trak of findBoxes(data, ["moov", "trak"])) {
    const tkhd = only(data, trak, ["tkhd"]);
    const trackId = view.getUint32(tkhd.contentStart + (view.getUint8(tkhd.contentStart) === 1 ? 20 : 12));
    const mdhd = only(data, trak, ["mdia", "mdhd"]);
    timescales[trackId] = view.getUint32(
      mdhd.contentStart + (view.getUint8(mdhd.contentStart) === 1 ? 20 : 12),
    );
    const handler = fourCharacters(view, only(data, trak, ["mdia", "hdlr"]).contentStart + 8);
    if (handler === "soun")
      soundCodec ||= soundCodecOf(data, only(data, trak, ["mdia", "minf", "stbl", "stsd"])) ?? "";
    if (handler !== "vide") continue;
    video ??= { trackId, entry: readSampleEntry(data, view, trak) };
  }
  if (!video) throw new RangeError("no video track in the MP4's moov");
  const { codec, widthPx, heightPx } = video.entry;
  return {
    init: { data, codec, widthPx, heightPx, timescales, videoTrackId: video.trackId, soundCodec },
    videoDefaults: defaultsOf(data, view, video.trackId),
  };
}

interface SampleEntry {
  codec: string;
  widthPx: number;
  heightPx: number;
}

/** ISO/IEC 14496-12 §12.1.3 (VisualSampleEntry): 78 bytes, then boxes. */
function readSampleEntry(data: Uint8Array, view: DataView, trak: Box): SampleEntry {
  const stsd = only(data, trak, ["mdia", "minf", "stbl", "stsd"]);
  for (const format of ["avc1", "avc3"] as const)
    for (const entry of findBoxes(data, [format], stsd.contentStart + 8, stsd.end))
      for (const avcC of findBoxes(data, ["avcC"], entry.contentStart + 78, entry.end))
        return {
          codec: avcCodecString(data.subarray(avcC.contentStart, avcC.end)),
          widthPx: view.getUint16(entry.contentStart + 24),
          heightPx: view.getUint16(entry.contentStart + 26),
        };
  throw new RangeError("the MP4's video is not H.264");
}

function defaultsOf(data: Uint8Array, view: DataView, trackId: number): TrackDefaults {
  for (const { contentStart } of findBoxes(data, ["moov", "mvex", "trex"]))
    if (view.getUint32(contentStart + 4) === trackId)
      return {
        sampleDuration: view.getUint32(contentStart + 12),
        sampleFlags: view.getUint32(contentStart + 20),
      };
  throw new RangeError("the MP4 is not fragmented: no trex for its video");
}

function only(data: Uint8Array, parent: Box, path: [string, ...string[]]): Box {
  for (const box of findBoxes(data, path, parent.contentStart, parent.end)) return box;
  throw new RangeError(`no ${path.join("/")} in the MP4's ${parent.type}`);
}

function fourCharacters(view: DataView, at: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((i) => view.getUint8(at + i)));
}
