import { createHash } from "node:crypto";
import type { StillFailed, StillTaken } from "../../ports/camera.ts";
import type { Clock } from "../../ports/clock.ts";
import type { FragmentPair, FragmentSink, InitSegment } from "../../ports/fragment-store.ts";
import type { Ffmpeg } from "./find-ffmpeg.ts";
import type { Pictures } from "./pictures.ts";
import { type NumberedPair, RecentPictures } from "./recent-pictures.ts";
import { learnCapabilities, StillDecoder } from "./still-decoder.ts";

export interface StillRequest {
  eventId: string;
  /** Monotonic. */
  atMs: number;
  maxBytes: number;
}

/** How long after the wanted moment its picture is waited for, before the nearest one that came is taken. */
const WAIT_MS = 220;
/** A decoder started at a button's edge that no press follows is put away after this. */
const AHEAD_MS = 1_000;
/** Pictures this much older than the newest one can still be the nearest to a moment that is now. */
const LOOK_BACK_MS = 150;
const MAX_AT_ONCE = 4;

export interface StillsOptions {
  clock: Pick<Clock, "monotonicMs">;
  sink: Pick<FragmentSink, "still">;
  pictures: Pictures;
  /** Of the previews; the video's own when that is narrower. */
  widthPx: number;
  post(input: StillTaken | StillFailed): void;
}

/** Makes previews of the running stream: the picture nearest to a moment, decoded, encoded and stored. */
export class Stills {
  readonly #options: StillsOptions;
  readonly #recent = new RecentPictures();
  /** Told of every new picture, and of the end of the stream. */
  readonly #listeners = new Set<() => void>();
  /** Stills being made. */
  readonly #running = new Set<Promise<void>>();
  /** Everything else that is on its way. */
  readonly #aside = new Set<Promise<void>>();
  #ffmpeg: Ffmpeg | null = null;
  #ahead: StillDecoder | null = null;
  #aheadTimer: NodeJS.Timeout | undefined;
  /** What went wrong while getting ready: told when a still fails, since it may be why. */
  #hindrance = "";

  constructor(options: StillsOptions) {
    this.#options = options;
  }

  begin(ffmpeg: Ffmpeg, init: InitSegment): void {
    this.#putAhead(null);
    this.#ffmpeg = ffmpeg;
    this.#recent.begin(init);
    this.#track(this.#getReady(learnCapabilities(ffmpeg)));
  }

  add(pair: FragmentPair): void {
    const numbered = this.#recent.add(pair);
    this.#ahead?.feed(numbered);
    for (const listener of [...this.#listeners]) listener();
  }

  end(): void {
    this.#putAhead(null);
    this.#recent.end();
    for (const listener of [...this.#listeners]) listener();
  }

  /** Starts both processes that a still needs, so that a press moments later finds them running. */
  prepare(): void {
    this.#track(this.#getReady(this.#options.pictures.ready()));
    const newest = this.#recent.newest;
    if (!newest) return;
    const now = this.#options.clock.monotonicMs();
    const from = this.#recent.nearest(Math.min(now, newest.capturedAtMs) - LOOK_BACK_MS) ?? newest;
    this.#putAhead(this.#decoderFrom(from.frame));
  }

  /** Answers with `camera.still`, or `camera.still-failed`. */
  take(request: StillRequest): void {
    if (this.#running.size >= MAX_AT_ONCE) {
      // Told after this call.
      queueMicrotask(() => this.#fail(request.eventId, `${MAX_AT_ONCE} stills are being made already`));
      return;
    }
    const run = this.#make(request)
      .catch((error: unknown) =>
        this.#fail(request.eventId, error instanceof Error ? error.message : String(error)),
      )
      .finally(() => this.#running.delete(run));
    this.#running.add(run);
  }

  /** Settles when nothing of it runs any more. */
  async stop(): Promise<void> {
    this.end();
    await Promise.all([...this.#running, ...this.#aside]);
  }

  async #make({ eventId, atMs, maxBytes }: StillRequest): Promise<void> {
    const ahead = this.#ahead;
    const wanted = await this.#nearestPicture(atMs);
    const decoder =
      ahead?.holds(wanted.frame) && ahead === this.#ahead ? ahead : this.#decoderFrom(wanted.frame);
    if (!decoder) throw new Error("the camera's stream ended");
    if (decoder === this.#ahead) this.#releaseAhead();
    const raw = await decoder.take(wanted.frame);
    const { jpeg, widthPx, heightPx } = await this.#options.pictures.preview({ ...raw, maxBytes });
    this.#options.sink.still(eventId, jpeg);
    this.#options.post({
      type: "camera.still",
      occurredAt: this.#options.clock.monotonicMs(),
      eventId,
      widthPx,
      heightPx,
      bytes: jpeg.length,
      sha256: createHash("sha256").update(jpeg).digest("hex"),
      frameAtMs: wanted.capturedAtMs,
    });
  }

  /** Waits until no later picture can be nearer to `atMs`, but not for ever. @throws Error without any picture. */
  #nearestPicture(atMs: number): Promise<NumberedPair> {
    return new Promise((resolve, reject) => {
      const settle = () => {
        clearTimeout(timer);
        this.#listeners.delete(look);
        const nearest = this.#recent.nearest(atMs);
        if (nearest) resolve(nearest);
        else reject(new Error("the camera has no picture"));
      };
      const look = () => {
        const newest = this.#recent.newest;
        if (!newest || newest.capturedAtMs + newest.durationMs / 2 >= atMs) settle();
      };
      const timer = setTimeout(settle, Math.max(0, atMs + WAIT_MS - this.#options.clock.monotonicMs()));
      this.#listeners.add(look);
      look();
    });
  }

  #decoderFrom(frame: number): StillDecoder | null {
    const [first, ...rest] = this.#recent.decodableFrom(frame);
    const { init } = this.#recent;
    if (!this.#ffmpeg || !init || !first) return null;
    return new StillDecoder({
      ffmpeg: this.#ffmpeg,
      init,
      pairs: [first, ...rest],
      firstFrame: frame,
      widthPx: this.#options.widthPx,
    });
  }

  #putAhead(decoder: StillDecoder | null): void {
    const previous = this.#ahead;
    this.#releaseAhead();
    if (previous) this.#track(previous.abandon());
    this.#ahead = decoder;
    if (decoder) this.#aheadTimer = setTimeout(() => this.#putAhead(null), AHEAD_MS);
  }

  #releaseAhead(): void {
    clearTimeout(this.#aheadTimer);
    this.#ahead = null;
  }

  #track(work: Promise<void>): void {
    const tracked = work.finally(() => this.#aside.delete(tracked));
    this.#aside.add(tracked);
  }

  #fail(eventId: string, reason: string): void {
    this.#options.post({
      type: "camera.still-failed",
      occurredAt: this.#options.clock.monotonicMs(),
      eventId,
      reason: `${reason}${this.#hindrance}`,
    });
  }

  #getReady(work: Promise<void>): Promise<void> {
    return work.then(
      () => {
        this.#hindrance = "";
      },
      (error: unknown) => {
        this.#hindrance = `; before it: ${error instanceof Error ? error.message : String(error)}`;
      },
    );
  }
}
