import { isAbsolute, resolve } from "node:path";
import {
  type CaptureSource,
  captureArguments,
  type EncoderSettings,
} from "../../../agent/media/ffmpeg-arguments.ts";
import type { StreamPart } from "../../../agent/media/fragmenter.ts";
import type { Camera, CameraDown, CameraInput } from "../../ports/camera.ts";
import type { Clock } from "../../ports/clock.ts";
import type { FragmentSink, InitSegment } from "../../ports/fragment-store.ts";
import { CameraProblem } from "./camera-problem.ts";
import { CaptureClock } from "./capture-clock.ts";
import { type CaptureRecord, explainEnd } from "./capture-end.ts";
import { CaptureProcess } from "./capture-process.ts";
import { type Ffmpeg, findFfmpeg } from "./find-ffmpeg.ts";
import { Pictures } from "./pictures.ts";
import { probeVideo } from "./probe.ts";
import { prepareScene } from "./scene.ts";
import { Stills } from "./stills.ts";

export interface FfmpegCameraOptions {
  clock: Pick<Clock, "monotonicMs">;
  sink: FragmentSink;
  settings: {
    /** `source` is `test` or `file:PATH`. */
    camera: EncoderSettings & { source: string; stallMs: number };
    still: { widthPx: number; idleMs: number };
  };
  /** Where the test scene's pictures are kept from one start to the next. */
  cacheFolder: string;
  /** The ffmpeg to use, or null when there is none; by default the one on PATH, else the packaged one. */
  locate?: () => Promise<Ffmpeg | null>;
}

/** What one capture needs, found out before it starts. */
interface CapturePlan {
  ffmpeg: Ffmpeg;
  source: CaptureSource;
  declaredMs: number | null;
  discard(): Promise<void>;
}

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
      this.#plan().then(
        (plan) => (current() ? this.#capture(plan) : plan.discard()),
        (error: unknown) => {
          if (current()) this.#down(problemOf(error));
        },
      ),
    );
  }

  close(): void {
    if (!this.#open) return;
    this.#down({ fault: "none", reason: "switched off", seam: false });
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

  async #plan(): Promise<CapturePlan> {
    const ffmpeg = await (this.#options.locate ?? (() => findFfmpeg(process.env.PATH ?? "")))();
    if (!ffmpeg)
      throw new CameraProblem("operator", "no ffmpeg found: neither on PATH nor packaged; install ffmpeg");
    const { source } = this.#options.settings.camera;
    if (source === "test") {
      const scene = await prepareScene(
        this.#pictures,
        this.#options.cacheFolder,
        this.#options.settings.camera,
      );
      return { ffmpeg, source: { kind: "test", scene }, declaredMs: null, discard: scene.discard };
    }
    if (!source.startsWith("file:"))
      throw new CameraProblem("operator", `camera source ${source} is not known; use test or file:PATH`);
    const named = source.slice("file:".length);
    const path = isAbsolute(named) ? named : resolve(named);
    const { copyable, durationMs } = await probeVideo(ffmpeg, path);
    return {
      ffmpeg,
      source: { kind: "file", path, video: copyable ? "copy" : "encode" },
      declaredMs: durationMs,
      discard: async () => {},
    };
  }

  #capture({ ffmpeg, source, declaredMs, discard }: CapturePlan): void {
    const { clock, sink, settings } = this.#options;
    const { camera } = settings;
    const video = source.kind === "file" ? source.video : "encode";
    const times = new CaptureClock(lagMs(video, camera.framesPerSecond));
    const record: CaptureRecord = { source: camera.source, stallMs: camera.stallMs, playedMs: 0, declaredMs };
    let init: InitSegment | null = null;
    let up = false;
    this.#discard = discard;
    const onPart = (part: StreamPart, arrivedAtMs: number) => {
      if (part.kind === "init") {
        init = part.init;
        up = false;
        this.#streaming = true;
        sink.init(init);
        this.#stills.begin(ffmpeg, init);
        return;
      }
      const { decodeMs, ...rest } = part.pair;
      const pair = { ...rest, capturedAtMs: times.capturedAt(arrivedAtMs, decodeMs) };
      record.playedMs = Math.round(decodeMs + pair.durationMs);
      sink.pair(pair);
      this.#stills.add(pair);
      if (up || !init) return;
      up = true;
      const { codec, widthPx, heightPx } = init;
      this.#post({
        type: "camera.up",
        occurredAt: clock.monotonicMs(),
        source: camera.source,
        codec,
        widthPx,
        heightPx,
        video,
        soundCodec: init.soundCodec,
      });
    };
    this.#process = new CaptureProcess({
      ffmpegPath: ffmpeg.path,
      arguments: captureArguments(source, camera, ffmpeg.version),
      clock,
      stallMs: camera.stallMs,
      onPart,
      onEnd: (end) => this.#down(explainEnd(end, record)),
    });
  }

  /** Ends whatever runs and says why. At a seam the sink keeps its stream: the next pass's init ends it. */
  #down(why: Omit<CameraDown, "type" | "occurredAt">): void {
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
    this.#post({ type: "camera.down", occurredAt: this.#options.clock.monotonicMs(), ...why });
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#ending.delete(tracked));
    this.#ending.add(tracked);
  }
}

/**
 * What even the least delayed picture takes from its capture to our side of the pipe: ffmpeg's muxer writes a
 * picture when the next one comes, and the encoder needs a few milliseconds.
 */
function lagMs(video: "copy" | "encode", framesPerSecond: number): number {
  return video === "copy" ? 1_000 / framesPerSecond : 1_000 / framesPerSecond + 10;
}

function problemOf(error: unknown): Omit<CameraDown, "type" | "occurredAt"> {
  if (error instanceof CameraProblem) return { fault: error.fault, reason: error.message, seam: false };
  return { fault: "world", reason: error instanceof Error ? error.message : String(error), seam: false };
}
