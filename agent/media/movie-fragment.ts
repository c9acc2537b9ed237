import type { TrackDefaults } from "./movie-header.ts";
import { type Box, findBoxes } from "./mp4-boxes.ts";

/** What one `moof` says of the video in it; times in ticks of the video's timescale. */
export interface VideoRun {
  keyframe: boolean;
  frames: number;
  decodeTime: number;
  duration: number;
}

/** ISO/IEC 14496-12 §8.8.3.1: the bit of a sample's flags that says "not a keyframe". */
const NON_SYNC = 0x10000;

/**
 * Reads a `moof` (ISO/IEC 14496-12 §8.8.4–12). Without the video track in it: no frames, no keyframe.
 * @throws RangeError when its boxes are not what their flags say.
 */
export function readVideoRun(moof: Uint8Array, trackId: number, defaults: TrackDefaults): VideoRun {
  const view = new DataView(moof.buffer, moof.byteOffset, moof.byteLength);
  const run: VideoRun = { keyframe: false, frames: 0, decodeTime: 0, duration: 0 };
  for (const traf of findBoxes(moof, ["moof", "traf"])) {
    const header = readTrackHeader(moof, view, traf, defaults);
    if (header.trackId !== trackId) continue;
    for (const tfdt of findBoxes(moof, ["tfdt"], traf.contentStart, traf.end))
      run.decodeTime =
        view.getUint8(tfdt.contentStart) === 1
          ? Number(view.getBigUint64(tfdt.contentStart + 4))
          : view.getUint32(tfdt.contentStart + 4);
    for (const trun of findBoxes(moof, ["trun"], traf.contentStart, traf.end))
      addTrackRun(run, view, trun, header);
  }
  return run;
}

/** `tfhd`: optional fields stand in the order of their flags. */
function readTrackHeader(moof: Uint8Array, view: DataView, traf: Box, defaults: TrackDefaults) {
  for (const { contentStart } of findBoxes(moof, ["tfhd"], traf.contentStart, traf.end)) {
    const flags = view.getUint32(contentStart) & 0xffffff;
    let at = contentStart + 8;
    const optional = (flag: number, bytes: number) => {
      const here = at;
      if (flags & flag) at += bytes;
      return flags & flag ? here : null;
    };
    optional(0x1, 8); // base-data-offset
    optional(0x2, 4); // sample-description-index
    const duration = optional(0x8, 4);
    optional(0x10, 4); // default-sample-size
    const sampleFlags = optional(0x20, 4);
    return {
      trackId: view.getUint32(contentStart + 4),
      sampleDuration: duration === null ? defaults.sampleDuration : view.getUint32(duration),
      sampleFlags: sampleFlags === null ? defaults.sampleFlags : view.getUint32(sampleFlags),
    };
  }
  throw new RangeError("no tfhd in the MP4's traf");
}

/** `trun`: a header and then rows of what its flags name. */
function addTrackRun(run: VideoRun, view: DataView, trun: Box, defaults: TrackDefaults): void {
  const flags = view.getUint32(trun.contentStart) & 0xffffff;
  const count = view.getUint32(trun.contentStart + 4);
  let at = trun.contentStart + 8 + (flags & 0x1 ? 4 : 0);
  let firstFlags = defaults.sampleFlags;
  if (flags & 0x4) {
    firstFlags = view.getUint32(at);
    at += 4;
  }
  const rowBytes = [0x100, 0x200, 0x400, 0x800].reduce((bytes, flag) => bytes + (flags & flag ? 4 : 0), 0);
  if (at + count * rowBytes > trun.end) throw new RangeError("the MP4's trun is shorter than its samples");
  if (flags & 0x400 && count > 0)
    firstFlags = view.getUint32(at + (flags & 0x100 ? 4 : 0) + (flags & 0x200 ? 4 : 0));
  if (run.frames === 0 && count > 0) run.keyframe = (firstFlags & NON_SYNC) === 0;
  run.frames += count;
  if (!(flags & 0x100)) run.duration += count * defaults.sampleDuration;
  else for (let i = 0; i < count; i++) run.duration += view.getUint32(at + i * rowBytes);
}
