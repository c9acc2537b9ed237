import { describe, expect, it, onTestFinished } from "vitest";
import type { Camera, CameraInput, StillTaken } from "../../device/ports/camera.ts";
import type { RecordingSink } from "../fixtures/capture.ts";

/** A camera that is not started, and what it looks at. */
export interface CameraWorld {
  camera: Camera;
  /** What it writes. */
  sink: RecordingSink;
  monotonicMs(): number;
  /** The hash of a still in this world: of its bytes, where they are real. */
  sha256(still: StillTaken, jpeg: Uint8Array): string;
  /** The capture breaks, as when its process crashes. */
  crash(): Promise<void>;
  /** Lets time go by until `met`; throws after a while with `what`. */
  until(met: () => boolean, what: string): Promise<void>;
  /** Lets time go by in which whatever is under way would show. */
  settle(): Promise<void>;
  end(): Promise<void>;
}

const MAX_BYTES = 24_000;

/** What every `Camera` promises, whatever it looks at. */
export function cameraSuite(name: string, make: () => Promise<CameraWorld>): void {
  describe(`camera: ${name}`, () => {
    async function begin() {
      const world = await make();
      const { camera, sink, until } = world;
      onTestFinished(async () => {
        await camera.stop();
        await world.end();
      });
      const inputs: CameraInput[] = [];
      /** Stills that were in the sink when they were told of. */
      const inTheSink = new Set<string>();
      camera.start((input) => {
        inputs.push(input);
        if (input.type === "camera.still" && sink.stills.has(input.eventId)) inTheSink.add(input.eventId);
      });
      const of = <T extends CameraInput["type"]>(type: T) =>
        inputs.filter((input): input is Extract<CameraInput, { type: T }> => input.type === type);
      const opened = async (times: number) => {
        camera.open();
        await until(() => of("camera.up").length >= times, `camera.up, ${JSON.stringify(inputs)}`);
      };
      /** Takes stills of these moments; answers what came of each. */
      async function stills(requests: { eventId: string; atMs: number; maxBytes: number }[]) {
        const before = inputs.length;
        for (const request of requests) camera.takeStill(request);
        expect(inputs).toHaveLength(before);
        const of = (eventId: string) =>
          inputs.filter((input) => "eventId" in input && input.eventId === eventId);
        await until(() => requests.every(({ eventId }) => of(eventId).length > 0), "stills");
        return requests.flatMap(({ eventId }) => of(eventId));
      }
      return { ...world, inputs, inTheSink, of, opened, stills };
    }

    it("says once that it is up, writes pictures in their order, and can be closed and opened again", async () => {
      const { camera, sink, inputs, of, opened, until, settle, monotonicMs } = await begin();
      camera.open();
      camera.open();
      expect(inputs).toEqual([]);
      await opened(1);
      await until(() => sink.pairs.filter(({ keyframe }) => keyframe).length >= 2, "two groups of pictures");
      camera.open();
      await settle();
      const [up] = of("camera.up");
      expect(up).toMatchObject({ soundCodec: "", codec: expect.stringMatching(/^avc1\.[0-9a-f]{6}$/) });
      expect(up?.source).not.toBe("");
      expect(Math.min(up?.widthPx ?? 0, up?.heightPx ?? 0)).toBeGreaterThan(0);
      const [segment, ...others] = sink.streams.map((stream) => stream.segment);
      expect(others).toEqual([]);
      expect(up).toMatchObject({
        widthPx: segment?.widthPx,
        heightPx: segment?.heightPx,
        codec: segment?.codec,
      });
      const { pairs } = sink;
      expect(pairs[0]?.keyframe).toBe(true);
      const times = pairs.map(({ capturedAtMs }) => capturedAtMs);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      expect(monotonicMs() - (times.at(-1) ?? 0)).toBeGreaterThanOrEqual(0);
      expect(monotonicMs() - (times.at(-1) ?? 0)).toBeLessThan(2_000);
      expect(pairs.every(({ frames, durationMs }) => frames > 0 && durationMs > 0)).toBe(true);

      const before = inputs.length;
      camera.close();
      camera.close();
      expect(inputs).toHaveLength(before);
      await until(() => of("camera.down").length > 0, "camera.down");
      expect(sink.ends).toBe(1);
      await opened(2);
      expect(sink.streams).toHaveLength(2);
      expect(inputs.map(({ type }) => type)).toEqual(["camera.up", "camera.down", "camera.up"]);
      expect(of("camera.down")).toMatchObject([{ fault: "none", seam: false }]);
      expect(inputs.every(({ occurredAt }) => Number.isSafeInteger(occurredAt))).toBe(true);
    });

    it("takes the picture of the moment, within its bytes, and answers each request once", async () => {
      const { camera, sink, inTheSink, of, opened, stills, until, settle, monotonicMs, sha256 } =
        await begin();
      const early = { eventId: "early", atMs: monotonicMs(), maxBytes: MAX_BYTES };
      expect(await stills([early])).toMatchObject([{ type: "camera.still-failed", eventId: "early" }]);
      await opened(1);
      await until(() => sink.pairs.length > 3, "some pictures");
      const offsets: number[] = [];
      for (const eventId of ["press-1", "press-2", "press-3"]) {
        const atMs = monotonicMs();
        camera.prepareStill();
        const [still] = await stills([{ eventId, atMs, maxBytes: MAX_BYTES }]);
        if (still?.type !== "camera.still") throw new Error(JSON.stringify(still));
        expect(inTheSink).toContain(eventId);
        const jpeg = sink.stills.get(eventId) ?? new Uint8Array();
        expect(jpeg).toHaveLength(still.bytes);
        expect(still.bytes).toBeLessThanOrEqual(MAX_BYTES);
        expect(still.sha256).toBe(sha256(still, jpeg));
        expect(Math.min(still.widthPx, still.heightPx)).toBeGreaterThan(0);
        offsets.push(still.frameAtMs - atMs);
      }
      // Not each of them: a busy moment of a shared machine is no fault of the camera.
      const median = offsets.toSorted((one, other) => one - other)[1];
      expect(median).toBeGreaterThanOrEqual(-100);
      expect(median).toBeLessThanOrEqual(200);

      const atMs = monotonicMs();
      const many = ["a", "b", "c", "d", "e", "f"].map((eventId) => ({ eventId, atMs, maxBytes: MAX_BYTES }));
      const answers = await stills([...many, { eventId: "tiny", atMs, maxBytes: 10 }]);
      await settle();
      expect(of("camera.still").length + of("camera.still-failed").length).toBe(1 + 3 + 7);
      expect(answers.at(-1)).toMatchObject({ type: "camera.still-failed", eventId: "tiny" });
      expect(answers.filter(({ type }) => type === "camera.still").length).toBeGreaterThan(0);
      for (const { reason } of of("camera.still-failed")) expect(reason).toMatch(/^[^\n]+$/);
    });

    it("says so once when the capture breaks, ends the stream, and can be opened again", async () => {
      const { sink, of, opened, until, crash, inputs } = await begin();
      await opened(1);
      await crash();
      await until(() => of("camera.down").length > 0, "camera.down");
      expect(of("camera.down")).toMatchObject([
        { fault: "world", seam: false, reason: expect.stringMatching(/^[^\n]+$/) },
      ]);
      expect(sink.ends).toBe(1);
      await opened(2);
      expect(inputs.map(({ type }) => type)).toEqual(["camera.up", "camera.down", "camera.up"]);
    });

    it("is not up any more when it was closed before, and posts nothing after stop", async () => {
      const { camera, sink, inputs, settle, monotonicMs, until } = await begin();
      camera.close();
      camera.open();
      camera.close();
      await until(() => inputs.length > 0, "camera.down");
      await settle();
      expect(inputs).toMatchObject([{ type: "camera.down", fault: "none" }]);
      expect(sink.streams.length).toBe(sink.ends);
      camera.open();
      camera.prepareStill();
      camera.takeStill({ eventId: "cut-short", atMs: monotonicMs(), maxBytes: MAX_BYTES });
      await camera.stop();
      await camera.stop();
      await settle();
      expect(inputs).toHaveLength(1);
      expect(sink.streams.length).toBe(sink.ends);
    });
  });
}
