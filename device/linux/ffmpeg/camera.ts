import type { StreamPart } from "../../../agent/media/fragmenter.ts";
import { declaredParameterSet, hasOtherPictures } from "../../../agent/media/parameter-sets.ts";
import { shownAddress } from "../../../agent/media/rtsp-playlist.ts";
import type { Camera, CameraDown, CameraInput } from "../../ports/camera.ts";
import type { Clock } from "../../ports/clock.ts";
import type { FragmentSink, InitSegment } from "../../ports/fragment-store.ts";
import { CameraProblem } from "./camera-problem.ts";
import { CaptureClock } from "./capture-clock.ts";
import { type CaptureRecord, explainEnd, explainTooSlow } from "./capture-end.ts";
import { type CaptureSettings, type PlannedCapture, planCapture } from "./capture-plan.ts";
import { CaptureProcess } from "./capture-process.ts";
import type { Ffmpeg } from "./find-ffmpeg.ts";
import { MotionWatch } from "./motion-watch.ts";
import { Pictures } from "./pictures.ts";
import { RealTime } from "./real-time.ts";
import { Stills } from "./stills.ts";

export interface FfmpegCameraOptions {
  clock: Pick<Clock, "monotonicMs">;
  sink: FragmentSink;
  settings: CaptureSettings & {
    motion: { sensitivity: number; zones: readonly string[] };
    still: { widthPx: number; idleMs: number };
  };
  /** Where the test scene's pictures are kept from one start to the next. */
  cacheFolder: string;
  /** The ffmpeg to use, or null when there is none; by default the one on PATH, else the packaged one. */
  locate?: () => Promise<Ffmpeg | null>;
}

/** The encoder needs a few milliseconds for a picture. */
const ENCODER_LAG_MS = 10;

/** One ffmpeg process, kept hot: its stream goes to the sink, what happens to it is posted. */
export class FfmpegCamera implements Camera {
  readonly #options: FfmpegCameraOptions;
  readonly #pictures: Pictures;
  readonly #stills: Stills;
  readonly #ending = new Set<Promise<void>>();
  #post: (input: CameraInput) => void = () => {};
  /** Counts openings and closings: what an earlier one still had to say is not heard. */
  #turn = 0;
  #open = false;
  #process: CaptureProcess | null = null;
  #discard: (() => Promise<void>) | null = null;
  /** A stream was begun in the sink and not ended there. */
  #streaming = false;

  constructor(options: FfmpegCameraOptions) {
    this.#options = options;
    this.#pictures = new Pictures(options.settings.still.idleMs);
    this.#stills = new Stills({
      clock: options.clock,
      sink: options.sink,
      pictures: this.#pictures,
      widthPx: options.settings.still.widthPx,
      post: (input) => this.#post(input),
    });
  }

  start(post: (input: CameraInput) => void): void {
    this.#post = post;
  }

  open(): void {
    if (this.#open) return;
    this.#open = true;
    const turn = ++this.#turn;
    const current = () => turn === this.#turn;
    this.#track(
      planCapture({ ...this.#options, pictures: this.#pictures }).then(
        (plan) => (current() ? this.#capture(plan) : plan.discard()),
        (error: unknown) => {
          if (current()) this.#down(problemOf(error));
        },
      ),
    );
  }

  close(): void {
    if (!this.#open) return;
    const down = this.#end({ fault: "none", reason: "switched off", seam: false });
    // Told after this call, and before anything that a next one leads to.
    queueMicrotask(() => this.#post(down));
  }

  prepareStill(): void {
    this.#stills.prepare();
  }

  takeStill(request: { eventId: string; atMs: number; maxBytes: number }): void {
    this.#stills.take(request);
  }

  async stop(): Promise<void> {
    this.#post = () => {};
    this.close();
    await Promise.all([this.#pictures.stop(), this.#stills.stop()]);
    await Promise.all(this.#ending);
  }

  #capture(planned: PlannedCapture): void {
    const { clock, sink, settings } = this.#options;
    const { plan, ffmpeg } = planned;
    const { camera } = settings;
    const source = shownAddress(camera.source);
    const times = new CaptureClock(plan.video === "copy" ? 0 : ENCODER_LAG_MS);
    const pace = plan.video === "encode" ? new RealTime() : null;
    const record: CaptureRecord = {
      source,
      stallMs: camera.stallMs,
      playedMs: 0,
      declaredMs: planned.declaredMs,
    };
    let init: InitSegment | null = null;
    let declared: Uint8Array | null = null;
    let up = false;
    this.#discard = planned.discard;
    const onPart = (part: StreamPart, arrivedAtMs: number) => {
      if (part.kind === "init") {
        init = part.init;
        declared = declaredParameterSet(init.data);
        up = false;
        this.#streaming = true;
        sink.init(init);
        this.#stills.begin(ffmpeg, init);
        return;
      }
      const { decodeMs, ...rest } = part.pair;
      if (rest.keyframe && hasOtherPictures(declared, rest.data)) {
        this.#down({ fault: "none", reason: `${source} sends other pictures from here on`, seam: true });
        return;
      }
      const capturedAtMs = times.capturedAt(arrivedAtMs, decodeMs, rest.frames > 0 ? rest.durationMs : 0);
      const pair = { ...rest, capturedAtMs };
      sink.pair(pair);
      if (pair.frames === 0) return;
      record.playedMs = Math.round(decodeMs + pair.durationMs);
      this.#stills.add(pair);
      const reached = pace?.tooSlow(arrivedAtMs, decodeMs) ?? null;
      if (reached !== null) {
        this.#down(explainTooSlow(reached, { ...camera, masked: plan.mask !== null }));
        return;
      }
      if (up || !init) return;
      up = true;
      const { codec, widthPx, heightPx, soundCodec } = init;
      this.#post({
        type: "camera.up",
        occurredAt: clock.monotonicMs(),
        source,
        ...{ codec, widthPx, heightPx, video: plan.video, soundCodec },
      });
    };
    const watch = plan.tap
      ? new MotionWatch({ clock, settings: settings.motion, post: (input) => this.#post(input) })
      : null;
    this.#process = new CaptureProcess({
      ffmpegPath: ffmpeg.path,
      arguments: planned.arguments,
      standardInput: planned.standardInput,
      secrets: planned.secrets,
      clock,
      stallMs: camera.stallMs,
      onPart,
      onTap: watch && ((chunk) => watch.push(chunk)),
      onEnd: (end) => this.#down(explainEnd(end, record)),
    });
  }

  #down(why: Omit<CameraDown, "type" | "occurredAt">): void {
    this.#post(this.#end(why));
  }

  /** Ends whatever runs; gives what there is to say. At a seam the sink keeps its stream: the next pass's init ends it. */
  #end(why: Omit<CameraDown, "type" | "occurredAt">): CameraDown {
    this.#open = false;
    this.#turn++;
    const [running, discard] = [this.#process, this.#discard];
    this.#process = null;
    this.#discard = null;
    if (running) this.#track(running.kill().then(() => discard?.()));
    this.#stills.end();
    if (this.#streaming && !why.seam) {
      this.#streaming = false;
      this.#options.sink.end();
    }
    return { type: "camera.down", occurredAt: this.#options.clock.monotonicMs(), ...why };
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#ending.delete(tracked));
    this.#ending.add(tracked);
  }
}

function problemOf(error: unknown): Omit<CameraDown, "type" | "occurredAt"> {
  if (error instanceof CameraProblem) return { fault: error.fault, reason: error.message, seam: false };
  return { fault: "world", reason: error instanceof Error ? error.message : String(error), seam: false };
}
