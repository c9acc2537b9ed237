import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FragmentRing } from "../../../agent/media/ring.ts";
import type { FragmentPair } from "../../../device/ports/fragment-store.ts";

const BIG = 1_000_000;

function pair(capturedAtMs: number, keyframe: boolean, bytes = 10, frames = 1): FragmentPair {
  return { data: new Uint8Array(bytes), keyframe, capturedAtMs, durationMs: 100, frames };
}

/** A ring that has seen a picture each 100 ms until before `untilMs`, a keyframe each `gopMs`. */
function filled(options: { keepMs: number; maxBytes: number }, untilMs: number, gopMs = 1_000): FragmentRing {
  const ring = new FragmentRing(options);
  for (let at = 0; at < untilMs; at += 100) ring.add(pair(at, at % gopMs === 0));
  return ring;
}

const starts = (ring: FragmentRing, fromMs: number) => ring.wholeFrom(fromMs).map((f) => f.capturedAtMs);

describe("the ring", () => {
  it("makes a fragment whole by the next keyframe, not before", () => {
    const ring = new FragmentRing({ keepMs: 5_000, maxBytes: BIG });
    expect(ring.add(pair(0, true)).whole).toBeNull();
    expect(ring.add(pair(100, false)).whole).toBeNull();
    expect(ring.wholeFrom(0)).toEqual([]);
    const { whole } = ring.add(pair(200, true, 7));
    expect(whole).toMatchObject({ number: 0, capturedAtMs: 0, durationMs: 200, bytes: 20 });
    expect(whole?.pairs).toHaveLength(2);
    expect(ring.filling).toMatchObject({ number: 1, capturedAtMs: 200, bytes: 7 });
  });

  it("leaves out what comes before the first keyframe", () => {
    const ring = new FragmentRing({ keepMs: 5_000, maxBytes: BIG });
    ring.add(pair(0, false));
    expect([ring.filling, ring.bytes]).toEqual([null, 0]);
  });

  it("gives the fragment that began at or before the time, and all after it", () => {
    const ring = filled({ keepMs: 20_000, maxBytes: BIG }, 5_500);
    expect(starts(ring, 2_999)).toEqual([2_000, 3_000, 4_000]);
    expect(starts(ring, 3_000)).toEqual([3_000, 4_000]);
    expect(starts(ring, -1)).toEqual([0, 1_000, 2_000, 3_000, 4_000]);
  });

  it("gives no whole fragment when the one being filled began before the time", () => {
    expect(starts(filled({ keepMs: 20_000, maxBytes: BIG }, 5_500), 5_200)).toEqual([]);
  });

  it("does not count sound as length", () => {
    const ring = new FragmentRing({ keepMs: 5_000, maxBytes: BIG });
    ring.add(pair(0, true));
    ring.add(pair(0, false, 10, 0));
    expect(ring.filling?.durationMs).toBe(100);
  });

  it("forgets the old stream when a new one begins, and goes on counting", () => {
    const ring = filled({ keepMs: 5_000, maxBytes: BIG }, 2_500);
    ring.clear();
    expect([ring.bytes, ring.filling, ring.wholeFrom(0)]).toEqual([0, null, []]);
    ring.add(pair(9_000, true));
    expect(ring.filling?.number).toBe(3);
  });

  it("holds the time asked for wherever the keyframes lie, and little more", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ keyframe: fc.boolean(), stepMs: fc.integer({ min: 1, max: 900 }) }), {
          minLength: 1,
          maxLength: 200,
        }),
        fc.integer({ min: 0, max: 5_000 }),
        (steps, keepMs) => {
          const ring = new FragmentRing({ keepMs, maxBytes: BIG });
          let now = 0;
          let longest = 0;
          let lastKey = 0;
          let firstKey: number | null = null;
          for (const { keyframe, stepMs } of steps) {
            now += stepMs;
            if (keyframe) {
              if (firstKey !== null) longest = Math.max(longest, now - lastKey);
              firstKey ??= now;
              lastKey = now;
            }
            ring.add(pair(now, keyframe));
            if (firstKey === null) continue;
            const fromMs = now - keepMs;
            const begins = ring.wholeFrom(fromMs)[0] ?? ring.filling;
            expect(begins?.capturedAtMs).toBeLessThanOrEqual(Math.max(fromMs, firstKey));
            const oldest = ring.wholeFrom(-1)[0];
            if (oldest) expect(now - oldest.capturedAtMs).toBeLessThanOrEqual(keepMs + 2 * longest + 900);
          }
        },
      ),
    );
  });

  it("never holds more bytes than it may", () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ keyframe: fc.boolean(), bytes: fc.integer({ min: 1, max: 400 }) })),
        (pairs) => {
          const ring = new FragmentRing({ keepMs: 60_000, maxBytes: 1_000 });
          pairs.forEach(({ keyframe, bytes }, at) => {
            ring.add(pair(at * 100, keyframe, bytes));
            expect(ring.bytes).toBeLessThanOrEqual(1_000);
            const held = ring.wholeFrom(-1).reduce((sum, f) => sum + f.bytes, ring.filling?.bytes ?? 0);
            expect(ring.bytes).toBe(held);
          });
        },
      ),
    );
  });

  it("says when keyframes do not come, and begins anew with the next one", () => {
    const ring = new FragmentRing({ keepMs: 5_000, maxBytes: 50 });
    ring.add(pair(0, true, 30));
    expect(ring.add(pair(100, false, 30)).overflow).toBe(true);
    ring.add(pair(200, false));
    expect(ring.filling).toBeNull();
    ring.add(pair(300, true));
    expect(ring.filling?.capturedAtMs).toBe(300);
  });
});
