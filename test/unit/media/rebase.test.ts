import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boxesIn, findBoxes } from "../../../agent/media/mp4-boxes.ts";
import { originOf, RebaseError, type RebaseOrigin, rebase } from "../../../agent/media/rebase.ts";
import { box, moofAndMdat, type TrackPart, u32 } from "../../fixtures/mp4.ts";

const STREAM = { timescales: { 1: 15_360, 2: 48_000 }, videoTrackId: 1 };
const at = (ticks: bigint): RebaseOrigin => ({ ticks, timescale: 15_360, timescales: STREAM.timescales });
const sample = Buffer.from([1, 2, 3, 4]);

/** Sequence number and, for each `traf`, track and decode time. */
function timesIn(bytes: Uint8Array): { sequence: number; tracks: { id: number; ticks: bigint }[] }[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return [...boxesIn(bytes)]
    .filter(({ type }) => type === "moof")
    .map((moof) => ({
      sequence: [...findBoxes(bytes, ["mfhd"], moof.contentStart, moof.end)].map((b) =>
        view.getUint32(b.contentStart + 4),
      )[0] as number,
      tracks: [...findBoxes(bytes, ["traf"], moof.contentStart, moof.end)].map((traf) => {
        const [tfhd] = findBoxes(bytes, ["tfhd"], traf.contentStart, traf.end);
        const [tfdt] = findBoxes(bytes, ["tfdt"], traf.contentStart, traf.end);
        if (!tfhd || !tfdt) throw new Error("no times");
        const long = view.getUint8(tfdt.contentStart) === 1;
        const ticks = long
          ? view.getBigUint64(tfdt.contentStart + 4)
          : BigInt(view.getUint32(tfdt.contentStart + 4));
        return { id: view.getUint32(tfhd.contentStart + 4), ticks };
      }),
    }));
}

describe("rebasing", () => {
  it("begins where the video of the first fragment begins, whatever comes before it", () => {
    const sound = moofAndMdat(7, [{ id: 2, ticks: 5n }], sample);
    const video = moofAndMdat(8, [{ id: 1, ticks: 250_000n }], sample);
    expect(originOf(Buffer.concat([sound, video]), STREAM)).toEqual(at(250_000n));
  });

  it("moves every track by one time, each in its own timescale, and numbers the moofs", () => {
    const pairs = [
      moofAndMdat(90, [{ id: 1, ticks: 15_360n * 16n }], sample),
      moofAndMdat(91, [{ id: 2, ticks: 48_000n * 16n + 480n, version: 0 }], sample),
      moofAndMdat(92, [{ id: 1, ticks: 15_360n * 17n, version: 0 }], sample),
    ];
    const { data, nextSequence } = rebase(pairs, at(15_360n * 16n), 1);
    expect(timesIn(data)).toEqual([
      { sequence: 1, tracks: [{ id: 1, ticks: 0n }] },
      { sequence: 2, tracks: [{ id: 2, ticks: 480n }] },
      { sequence: 3, tracks: [{ id: 1, ticks: 15_360n }] },
    ]);
    expect(nextSequence).toBe(4);
  });

  it("leaves every other byte, and the pairs it was given, as they were", () => {
    const pair = moofAndMdat(5, [{ id: 1, ticks: 99n }], Buffer.from("pictures"));
    const before = Buffer.from(pair);
    const { data } = rebase([pair], at(99n), 5);
    expect(Buffer.compare(before, pair)).toBe(0);
    expect(Buffer.compare(data, moofAndMdat(5, [{ id: 1, ticks: 0n }], Buffer.from("pictures")))).toBe(0);
  });

  it("drops sound that begins before the video", () => {
    const early = moofAndMdat(1, [{ id: 2, ticks: 47_999n }], sample);
    const later = moofAndMdat(2, [{ id: 2, ticks: 48_000n }], sample);
    const { data, nextSequence } = rebase([early, later], at(15_360n), 1);
    expect(timesIn(data)).toEqual([{ sequence: 1, tracks: [{ id: 2, ticks: 0n }] }]);
    expect([data.length, nextSequence]).toEqual([later.length, 2]);
  });

  it("turns early sound beside video into free space, so that data offsets stay true", () => {
    const both = moofAndMdat(
      1,
      [
        { id: 2, ticks: 0n },
        { id: 1, ticks: 15_360n },
      ],
      sample,
    );
    const { data } = rebase([both], at(15_360n), 1);
    expect(data).toHaveLength(both.length);
    expect(timesIn(data)).toEqual([{ sequence: 1, tracks: [{ id: 1, ticks: 0n }] }]);
    const [moof] = boxesIn(data);
    expect([...boxesIn(data, moof?.contentStart, moof?.end)].map(({ type }) => type)).toContain("free");
  });

  it("keeps the distance between any two times of a track, to the tick", () => {
    const track = fc.record({
      id: fc.constantFrom(1, 2),
      ticks: fc.bigInt({ min: 10n ** 9n, max: 2n ** 40n }),
      version: fc.constant<1>(1),
    });
    fc.assert(
      fc.property(
        fc.array(track, { minLength: 1, maxLength: 20 }),
        fc.bigInt({ min: 0n, max: 10n ** 8n }),
        (parts, origin) => {
          const pairs = parts.map((part: TrackPart, sequence) => moofAndMdat(sequence, [part], sample));
          const after = timesIn(rebase(pairs, at(origin), 1).data);
          expect(after.map(({ sequence }) => sequence)).toEqual(parts.map((_, index) => index + 1));
          parts.forEach((part, index) => {
            const moved = part.ticks - (after[index]?.tracks[0]?.ticks ?? 0n);
            const exact = Number(origin) * (part.id === 1 ? 1 : 48_000 / 15_360);
            expect(Math.abs(Number(moved) - exact)).toBeLessThanOrEqual(0.5);
          });
        },
      ),
    );
  });

  const tfhd = box("tfhd", u32(0x020000), u32(1));
  const mfhd = box("mfhd", u32(0), u32(1));
  const traf = (...content: Uint8Array[]) => box("moof", mfhd, box("traf", ...content));
  it.each<[string, Uint8Array]>([
    ["no tfdt", traf(tfhd)],
    ["a tfdt of an unknown version", traf(tfhd, box("tfdt", u32(2 << 24), u32(0), u32(0)))],
    ["a tfdt that is too short", traf(tfhd, box("tfdt", u32(1 << 24), u32(0)))],
    ["two tfdt", traf(tfhd, box("tfdt", u32(0), u32(0)), box("tfdt", u32(0), u32(0)))],
    ["no mfhd", box("moof", box("traf", tfhd, box("tfdt", u32(0), u32(0))))],
    ["data counted from the start of the file", moofAndMdat(1, [{ id: 1, ticks: 0n, flags: 1 }], sample)],
    ["a track that nobody declared", moofAndMdat(1, [{ id: 9, ticks: 0n }], sample)],
    ["half a box", moofAndMdat(1, [{ id: 1, ticks: 0n }], sample).subarray(0, 60)],
  ])("refuses %s", (_what, pair) => {
    expect(() => rebase([pair], at(0n), 1)).toThrow(RebaseError);
  });

  it("finds no beginning where there is no video", () => {
    expect(() => originOf(moofAndMdat(1, [{ id: 2, ticks: 0n }], sample), STREAM)).toThrow(RebaseError);
  });

  it("throws nothing but its own error, whatever the bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), fc.integer({ min: 0, max: 90 }), (noise, position) => {
        const pair = Uint8Array.from(moofAndMdat(1, [{ id: 1, ticks: 7n }], sample));
        pair.set(noise.subarray(0, Math.max(0, pair.length - position)), position);
        try {
          rebase([pair], at(0n), 1);
        } catch (error) {
          expect(error).toBeInstanceOf(RebaseError);
        }
      }),
    );
  });
});
