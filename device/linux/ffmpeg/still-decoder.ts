import { PassThrough, Writable } from "node:stream";
import ffmpegCommand from "fluent-ffmpeg";
import { passThroughFrames } from "../../../agent/media/ffmpeg-version.ts";
import type { InitSegment } from "../../ports/fragment-store.ts";
import { lastWords } from "./camera-problem.ts";
import type { Ffmpeg } from "./find-ffmpeg.ts";
import type { NumberedPair } from "./recent-pictures.ts";

/** One picture as raw RGB. */
export interface RawPicture {
  rgb: Uint8Array;
  widthPx: number;
  heightPx: number;
}

/**
 * One short ffmpeg job that decodes pairs as they are fed, from a keyframe on, and hands out one of them as raw
 * RGB. It can be started before it is known which picture is wanted; only pictures from `firstFrame` on are given.
 */
export class StillDecoder {
  readonly #input = new PassThrough();
  readonly #pictures: Buffer[] = [];
  readonly #size: { widthPx: number; heightPx: number };
  readonly #firstFrame: number;
  /** Settles when the job is gone, with what went wrong. */
  readonly #done: Promise<Error | null>;
  readonly #command: ffmpegCommand.FfmpegCommand;
  #nextFrame: number;

  /** `pairs` begin with a keyframe and are at least one. */
  constructor(options: {
    ffmpeg: Ffmpeg;
    init: InitSegment;
    pairs: readonly [NumberedPair, ...NumberedPair[]];
    firstFrame: number;
    widthPx: number;
  }) {
    const { ffmpeg, init, pairs, firstFrame } = options;
    this.#size = fitWidth(init, options.widthPx);
    this.#firstFrame = Math.max(firstFrame, pairs[0].frame);
    this.#nextFrame = pairs[0].frame;
    this.#command = ffmpegCommand({ source: this.#input })
      .setFfmpegPath(ffmpeg.path)
      .inputFormat("mp4")
      .inputOptions(["-hide_banner", "-loglevel", "error", "-threads", "1", "-flags", "low_delay"])
      .inputOptions(["-probesize", "32", "-analyzeduration", "0"])
      .videoFilters([
        `select=gte(n\\,${this.#firstFrame - pairs[0].frame})`,
        `scale=w=${this.#size.widthPx}:h=${this.#size.heightPx}:flags=area`,
        "format=rgb24",
      ])
      .outputOptions([...passThroughFrames(ffmpeg.version), "-an", "-flush_packets", "1"])
      .format("rawvideo");
    this.#done = this.#run();
    this.#input.write(init.data);
    for (const pair of pairs) this.feed(pair);
  }

  /** The next pair of the stream. */
  feed(pair: NumberedPair): void {
    this.#input.write(pair.data);
    this.#nextFrame = pair.frame + pair.frames;
  }

  /** True when picture `frame` has been fed and will be given. */
  holds(frame: number): boolean {
    return frame >= this.#firstFrame && frame < this.#nextFrame;
  }

  /** Ends the job and gives picture `frame`. @throws Error with ffmpeg's words when it could not decode it. */
  async take(frame: number): Promise<RawPicture> {
    this.#input.end();
    const failure = await this.#done;
    if (failure) throw failure;
    const { widthPx, heightPx } = this.#size;
    const bytes = widthPx * heightPx * 3;
    const at = (frame - this.#firstFrame) * bytes;
    const rgb = Buffer.concat(this.#pictures).subarray(at, at + bytes);
    if (at < 0 || rgb.length < bytes) throw new Error(`picture ${frame} was not decoded`);
    return { rgb, widthPx, heightPx };
  }

  /** Ends the job with nothing taken. Settles when it is gone. */
  async abandon(): Promise<void> {
    this.#input.end();
    this.#command.kill("SIGKILL");
    await this.#done; // Its failure is what was asked for.
  }

  #run(): Promise<Error | null> {
    const pictures = this.#pictures;
    // Without "close" of its own: fluent-ffmpeg takes a closed output for a reason to kill.
    const output = new Writable({
      autoDestroy: false,
      write: (chunk: Buffer, _encoding, done) => {
        pictures.push(chunk);
        done();
      },
    });
    return new Promise((resolve) => {
      this.#command.on("end", () => resolve(null));
      this.#command.on("error", (error: Error, _stdout: string | null, stderr: string | null) => {
        const words = lastWords((stderr ?? "").split("\n"));
        resolve(new Error(`ffmpeg could not decode the picture: ${words || error.message}`));
      });
      this.#command.pipe(output);
    });
  }
}

/**
 * Has fluent-ffmpeg ask this ffmpeg for its formats and encoders, as it does once before its first job: two more
 * processes that a still must not wait for.
 */
export function learnCapabilities(ffmpeg: Ffmpeg): Promise<void> {
  const command = ffmpegCommand().setFfmpegPath(ffmpeg.path);
  return new Promise((resolve, reject) => {
    command.getAvailableFormats((formatsError: Error | null) => {
      if (formatsError) reject(formatsError);
      else command.getAvailableEncoders((error: Error | null) => (error ? reject(error) : resolve()));
    });
  });
}

/** The video's size brought down to a width, with its aspect kept, in even pixels. */
function fitWidth(video: { widthPx: number; heightPx: number }, maxWidthPx: number) {
  const widthPx = Math.min(video.widthPx, maxWidthPx);
  const even = (size: number) => Math.max(2, Math.round(size / 2) * 2);
  return { widthPx: even(widthPx), heightPx: even((video.heightPx * widthPx) / video.widthPx) };
}
