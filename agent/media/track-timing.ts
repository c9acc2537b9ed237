import { findBoxes } from "./mp4-boxes.ts";

const DEFAULT_DURATION_PRESENT = 0x8;

/**
 * Puts right what ffmpeg's muxer (seen in 5.1) writes of two tracks when a sample of one is flushed before that track's
 * next is known: the sample has no duration, and the time at which it ends stands where its begin should. The samples
 * themselves are whole and in order, so that each begins where the one before it ended.
 */
export class TrackTiming {
  /** By track id: the decode time at which the next sample should begin. */
  readonly #nextTicks = new Map<number, bigint>();

  /** Repairs a `moof` (ISO/IEC 14496-12 §8.8.4) in place. */
  repair(moof: Uint8Array): void {
    const view = new DataView(moof.buffer, moof.byteOffset, moof.byteLength);
    for (const traf of findBoxes(moof, ["moof", "traf"])) {
      const [tfhd] = findBoxes(moof, ["tfhd"], traf.contentStart, traf.end);
      const [tfdt] = findBoxes(moof, ["tfdt"], traf.contentStart, traf.end);
      const [trun] = findBoxes(moof, ["trun"], traf.contentStart, traf.end);
      if (!tfhd || !tfdt || !trun || view.getUint8(tfdt.contentStart) !== 1) continue;
      const durationAt = defaultDurationAt(view, tfhd.contentStart);
      if (durationAt === null) continue;
      this.#repairOne(view, view.getUint32(tfhd.contentStart + 4), {
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
    const expected = this.#nextTicks.get(trackId);
    let ticks = view.getBigUint64(timeAt);
    let duration = view.getUint32(durationAt);
    if (duration === 0 && samples === 1 && expected !== undefined && expected < ticks) {
      duration = Number(ticks - expected);
      ticks = expected;
      view.setBigUint64(timeAt, ticks);
      view.setUint32(durationAt, duration);
    }
    this.#nextTicks.set(trackId, ticks + BigInt(duration * samples));
  }
}

/** Where `tfhd` (§8.8.7) has its default sample duration; null when it has none. */
function defaultDurationAt(view: DataView, contentStart: number): number | null {
  const flags = view.getUint32(contentStart) & 0xffffff;
  if ((flags & DEFAULT_DURATION_PRESENT) === 0) return null;
  return contentStart + 8 + (flags & 0x1 ? 8 : 0) + (flags & 0x2 ? 4 : 0);
}
