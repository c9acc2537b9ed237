import { findBoxes } from "./mp4-boxes.ts";

const DEFAULT_DURATION_PRESENT = 0x8;

/** Where one sound track stands. */
interface Position {
  /** Decode time at which the next sample should begin. */
  nextTicks: bigint;
  /** Length of a sample: AAC's is always the same. */
  frameTicks: number;
}

/**
 * Puts right what ffmpeg's muxer (seen in 5.1) writes of copied sound when a picture is flushed before the next sound
 * is known: every few fragments a sample has no duration and begins one frame too late. The samples themselves are
 * whole and in order.
 */
export class SoundTiming {
  readonly #videoTrackId: number;
  readonly #tracks = new Map<number, Position>();

  constructor(videoTrackId: number) {
    this.#videoTrackId = videoTrackId;
  }

  /** Repairs a `moof` (ISO/IEC 14496-12 §8.8.4) in place. */
  repair(moof: Uint8Array): void {
    const view = new DataView(moof.buffer, moof.byteOffset, moof.byteLength);
    for (const traf of findBoxes(moof, ["moof", "traf"])) {
      const [tfhd] = findBoxes(moof, ["tfhd"], traf.contentStart, traf.end);
      const [tfdt] = findBoxes(moof, ["tfdt"], traf.contentStart, traf.end);
      const [trun] = findBoxes(moof, ["trun"], traf.contentStart, traf.end);
      if (!tfhd || !tfdt || !trun || view.getUint8(tfdt.contentStart) !== 1) continue;
      const trackId = view.getUint32(tfhd.contentStart + 4);
      const durationAt = defaultDurationAt(view, tfhd.contentStart);
      if (trackId === this.#videoTrackId || durationAt === null) continue;
      this.#repairOne(view, trackId, {
        timeAt: tfdt.contentStart + 4,
        durationAt,
        samples: view.getUint32(trun.contentStart + 4),
      });
    }
  }

  #repairOne(
    view: DataView,
    trackId: number,
    { timeAt, durationAt, samples }: { timeAt: number; durationAt: number; samples: number },
  ): void {
    const before = this.#tracks.get(trackId);
    let ticks = view.getBigUint64(timeAt);
    let duration = view.getUint32(durationAt);
    if (duration === 0 && before) {
      duration = before.frameTicks;
      view.setUint32(durationAt, duration);
      if (ticks - before.nextTicks === BigInt(duration)) ticks = before.nextTicks;
      view.setBigUint64(timeAt, ticks);
    }
    if (duration === 0) return;
    this.#tracks.set(trackId, { nextTicks: ticks + BigInt(duration * samples), frameTicks: duration });
  }
}

/** Where `tfhd` (§8.8.7) has its default sample duration; null when it has none. */
function defaultDurationAt(view: DataView, contentStart: number): number | null {
  const flags = view.getUint32(contentStart) & 0xffffff;
  if ((flags & DEFAULT_DURATION_PRESENT) === 0) return null;
  return contentStart + 8 + (flags & 0x1 ? 8 : 0) + (flags & 0x2 ? 4 : 0);
}
