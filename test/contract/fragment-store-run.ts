import { createHash } from "node:crypto";
import { expect, onTestFinished } from "vitest";
import type {
  FragmentSink,
  FragmentStore,
  FragmentStoreInput,
  PayloadSource,
  SegmentHandle,
} from "../../device/ports/fragment-store.ts";
import { initSegment, pictures } from "../fixtures/mp4.ts";

/** A place for clips, and the agent's processes on it, one after the other. */
export interface FragmentStoreWorld {
  /** The adapter of a new process, not started. */
  boot(): Promise<FragmentStore & FragmentSink & PayloadSource>;
  /** Ends the process that runs, between two of its steps and without a word. */
  kill(): Promise<void>;
  /** Lets time go by until `met`, or throws. */
  until(met: () => boolean): Promise<void>;
  end(): Promise<void>;
}

export type Make = (bounds: { spoolBytes: number }) => Promise<FragmentStoreWorld>;
type Of<T extends FragmentStoreInput["type"]> = Extract<FragmentStoreInput, { type: T }>;

export const SEGMENT_BYTES = 4_096;
const ROOMY = 100_000_000;
export const sha256 = (data: Uint8Array) => createHash("sha256").update(data).digest("hex");

export async function begin(make: Make, spoolBytes = ROOMY) {
  const world = await make({ spoolBytes });
  onTestFinished(() => world.end());
  return { ...world, run: () => run(world) };
}

/** A process with everything that it posts. */
async function run(world: FragmentStoreWorld) {
  const clips = await world.boot();
  const inputs: FragmentStoreInput[] = [];
  clips.start((input) => inputs.push(input));
  const all = <T extends FragmentStoreInput["type"]>(type: T, clipId?: string): Of<T>[] =>
    inputs.filter(
      (input): input is Of<T> =>
        input.type === type && (clipId === undefined || ("clipId" in input && input.clipId === clipId)),
    );
  /** The `nth` input of this type. */
  async function next<T extends FragmentStoreInput["type"]>(
    type: T,
    clipId?: string,
    nth = 1,
  ): Promise<Of<T>> {
    await world.until(() => all(type, clipId).length >= nth);
    return all(type, clipId)[nth - 1] as Of<T>;
  }
  let pending = 0;
  return {
    clips,
    inputs,
    all,
    next,
    /** Lets pictures come, ten a second with a keyframe each whole second. */
    film: (fromMs: number, toMs: number) => {
      for (const pair of pictures(fromMs, toMs)) clips.pair(pair);
    },
    open: (clipId: string, fromMs: number, eventAtMs: number) =>
      clips.openClip({
        clipId,
        eventId: `${clipId}-event`,
        fromMs,
        eventAtMs,
        segmentBytes: SEGMENT_BYTES,
        initBody: `{"of":"${clipId}"}`,
        manifest: { deviceId: "front-door", nothing: null },
      }),
    /** Closes it at `atMs`, with pictures until the next keyframe. */
    async close(clipId: string, atMs: number) {
      clips.closeClip(clipId, atMs);
      for (const pair of pictures(atMs, Math.ceil((atMs + 1) / 1_000) * 1_000 + 100)) clips.pair(pair);
      return next("clip.closed", clipId);
    },
    listPending: async (limit = 100) => {
      clips.listPending(limit);
      return next("clip.pending", undefined, ++pending);
    },
    told: (clipId: string): SegmentHandle[] => [
      ...all("clip.grew", clipId).flatMap(({ segments }) => segments),
      ...all("clip.closed", clipId).flatMap(({ segments }) => segments),
    ],
  };
}

export type Running = Awaited<ReturnType<typeof run>>;

/** Films and records one clip, whole. */
export async function record({ clips, film, open, close, next }: Running, clipId: string) {
  clips.init(initSegment());
  film(0, 3_000);
  open(clipId, 1_000, 2_500);
  await next("clip.opened", clipId);
  film(3_000, 5_500);
  return close(clipId, 5_500);
}

export function expectContiguous(segments: SegmentHandle[]): number {
  let offset = 0;
  segments.forEach((segment, index) => {
    expect(segment).toMatchObject({ index, offset });
    expect(segment.bytes).toBeGreaterThan(0);
    expect(segment.bytes).toBeLessThanOrEqual(SEGMENT_BYTES);
    offset += segment.bytes;
  });
  return offset;
}
