import type { Camera, CameraDown, CameraInput } from "../../device/ports/camera.ts";
import type { FragmentSink } from "../../device/ports/fragment-store.ts";
import type { Chance } from "../world/chance.ts";
import type { DeviceTime } from "../world/device-time.ts";
import type { Scheduled } from "../world/world.ts";
import { footage, picture, tagOf } from "./tags.ts";

/** A group of pictures each second, as the wire's fragments are. Its keyframe comes as a pair of its own. */
const GOP_MS = 1_000;
const KEYFRAME_MS = 100;
const FRAMES_PER_S = 15;
const SMALLEST_STILL_BYTES = 2_000;
/** Older pictures than this are of no use to anybody. */
const RECENT_MS = 40_000;

/** How the camera is doing, beyond one power-on: a broken one stays broken. */
export interface CameraCondition {
  /** Every capture ends at once. */
  broken: boolean;
  /** Captures deliver nothing, and say nothing. */
  stalled: boolean;
  /** Captures begin well, and soon send what is no video. */
  garbled: boolean;
  /** No keyframe comes: what was begun goes on. */
  keyframeless: boolean;
  widthPx: number;
  heightPx: number;
  /** What becomes of a still that is asked for. */
  stills: "taken" | "failed" | "late" | "never";
  /** A tester is told when one of the last three had an effect. */
  onEffect: (effect: "keyframe-withheld" | "still-withheld") => void;
}

/** A camera that nothing is wrong with. */
export function wellCamera(): CameraCondition {
  return {
    broken: false,
    stalled: false,
    garbled: false,
    keyframeless: false,
    widthPx: 1280,
    heightPx: 720,
    stills: "taken",
    onEffect: () => undefined,
  };
}

/** A still that is late comes so much later: the decoder hung. */
const LATE_STILL_MS = 20_000;

/**
 * A camera whose pictures are views of nothing, of the right size at the right time. It writes only when
 * somebody looks: `catchUp` hands over what was captured so far, `follow` keeps that up while it is on.
 * So a camera between two clips makes no work.
 */
export class SimulatedCamera implements Camera {
  readonly #time: DeviceTime;
  readonly #sink: FragmentSink;
  readonly #chance: Chance;
  readonly #condition: CameraCondition;
  readonly #stallMs: number;
  readonly #hashOf: ((jpeg: Uint8Array) => string) | null;
  #post: ((input: CameraInput) => void) | null = null;
  #opening: Scheduled | null = null;
  #upAtMs: number | null = null;
  #nextGop = 0;
  #keyframeGiven = false;
  /** A stream was begun in the sink and not ended there. */
  #streaming = false;
  #followed = false;
  #tick: Scheduled | null = null;
  #watchdog: Scheduled | null = null;
  #moving: Scheduled | null = null;

  constructor(
    time: DeviceTime,
    sink: FragmentSink,
    chance: Chance,
    /** `hashOf` gives a still's SHA-256 where its bytes will be looked at. */
    options: { condition: CameraCondition; stallMs: number; hashOf?: (jpeg: Uint8Array) => string },
  ) {
    this.#time = time;
    this.#sink = sink;
    this.#chance = chance;
    this.#condition = options.condition;
    this.#stallMs = options.stallMs;
    this.#hashOf = options.hashOf ?? null;
  }

  start(post: (input: CameraInput) => void): void {
    this.#post = post;
  }

  open(): void {
    if (this.#isOpen) return;
    this.#opening = this.#time.after(this.#chance.int(300, 2_500), () => {
      this.#opening = null;
      if (this.#condition.broken) this.#down("world", "simulated: the capture crashed at its start");
      else if (this.#condition.stalled) this.#fallSilent();
      else this.#up();
    });
  }

  close(): void {
    if (!this.#isOpen) return;
    const down = this.#end("none", "closed");
    this.#time.after(0, () => this.#post?.(down));
  }

  prepareStill(): void {}

  takeStill(request: { eventId: string; atMs: number; maxBytes: number }): void {
    const { eventId, atMs, maxBytes } = request;
    const { stills } = this.#condition;
    if (stills !== "taken") this.#condition.onEffect("still-withheld");
    if (stills === "never") return;
    const lateMs = stills === "late" ? LATE_STILL_MS : 0;
    this.#time.after(this.#chance.int(30, 250) + lateMs, () => {
      const occurredAt = this.#time.monotonicMs();
      const upAtMs = this.#upAtMs;
      const fail = (reason: string) =>
        this.#post?.({ type: "camera.still-failed", occurredAt, eventId, reason: `simulated: ${reason}` });
      if (upAtMs === null || this.#condition.stalled || stills === "failed") {
        fail("no picture");
        return;
      }
      if (maxBytes < SMALLEST_STILL_BYTES) {
        fail(`no picture fits into ${maxBytes} bytes`);
        return;
      }
      const bytes = this.#chance.int(SMALLEST_STILL_BYTES, maxBytes);
      const jpeg = picture(bytes);
      this.#sink.still(eventId, jpeg);
      this.#post?.({
        type: "camera.still",
        occurredAt,
        eventId,
        widthPx: 640,
        heightPx: 360,
        bytes,
        sha256: this.#hashOf?.(jpeg) ?? tagOf("still", eventId, bytes),
        frameAtMs: Math.min(occurredAt, Math.max(upAtMs, atMs + this.#chance.int(-60, 60))),
      });
    });
  }

  async stop(): Promise<void> {
    this.#post = null;
    this.close();
  }

  /** Pictures arrive. */
  get isUp(): boolean {
    return this.#upAtMs !== null;
  }

  /** The capture ends now; the next one works unless the condition says otherwise. */
  fail(reason: string): void {
    if (this.#upAtMs === null && !this.#opening) return;
    this.#down("world", reason);
  }

  /** The source sends other pictures from now on: the stream ends at a seam, and the next one begins with them. */
  changePictures(): void {
    if (this.#upAtMs !== null) this.#down("none", "simulated: other pictures from here on", true);
  }

  /** Something moves before it from now on, for so long. Answers whether it could be seen. */
  move({ areaPermille, zones, forMs }: { areaPermille: number; zones: number[]; forMs: number }): boolean {
    if (this.#upAtMs === null || this.#watchdog) return false;
    this.#moving?.cancel();
    const tell = (moving: boolean) =>
      this.#post?.({
        type: "camera.motion",
        occurredAt: this.#time.monotonicMs(),
        moving,
        areaPermille: moving ? areaPermille : 0,
        zones: moving ? zones : [],
      });
    tell(true);
    this.#moving = this.#time.after(forMs, () => {
      this.#moving = null;
      tell(false);
    });
    return true;
  }

  /** No picture comes any more. After the time that a capture may be silent it is given up. */
  stall(): void {
    if (this.#upAtMs !== null) this.#fallSilent();
  }

  #fallSilent(): void {
    if (this.#watchdog) return;
    this.catchUp();
    this.#tick?.cancel();
    this.#tick = null;
    // What moves on cannot be seen any more.
    this.#moving?.cancel();
    this.#moving = null;
    this.#watchdog = this.#time.after(this.#stallMs, () => {
      this.#down("world", `simulated: no picture for ${this.#stallMs} ms`);
    });
  }

  /** Writes every pair that was captured since the last one, as far as it is recent. */
  catchUp(): void {
    if (this.#upAtMs === null || this.#watchdog) return;
    const sinceUpMs = this.#time.monotonicMs() - this.#upAtMs;
    const oldest = Math.floor((sinceUpMs - RECENT_MS) / GOP_MS);
    if (oldest > this.#nextGop) {
      this.#nextGop = oldest;
      this.#keyframeGiven = false;
    }
    for (;;) {
      const atMs = this.#nextGop * GOP_MS;
      if (!this.#keyframeGiven) {
        if (atMs + KEYFRAME_MS > sinceUpMs) return;
        // A stream begins with a keyframe, whatever comes later.
        const withheld = this.#condition.keyframeless && atMs > 0;
        if (withheld) this.#condition.onEffect("keyframe-withheld");
        this.#pair(atMs, KEYFRAME_MS, !withheld, this.#chance.int(6_000, 20_000));
        this.#keyframeGiven = true;
      }
      if (atMs + GOP_MS > sinceUpMs) return;
      this.#pair(atMs + KEYFRAME_MS, GOP_MS - KEYFRAME_MS, false, this.#chance.int(8_000, 90_000));
      this.#nextGop += 1;
      this.#keyframeGiven = false;
    }
  }

  /** While it is on, pairs are written as they are captured. */
  follow(on: boolean): void {
    this.#followed = on;
    if (on) this.#scheduleTick();
  }

  #up(): void {
    this.#upAtMs = this.#time.monotonicMs();
    this.#nextGop = 0;
    this.#keyframeGiven = false;
    this.#streaming = true;
    this.#sink.init({
      data: footage(800),
      codec: "avc1.42c01f",
      ...this.#size(),
      timescales: { 1: 15_360 },
      videoTrackId: 1,
      soundCodec: "",
    });
    this.#post?.({
      type: "camera.up",
      occurredAt: this.#upAtMs,
      source: "test",
      codec: "avc1.42c01f",
      ...this.#size(),
      video: "encode",
      soundCodec: "",
    });
    this.#scheduleTick();
    if (!this.#condition.garbled) return;
    const upAtMs = this.#upAtMs;
    this.#time.after(this.#chance.int(50, 3_000), () => {
      if (this.#upAtMs === upAtMs) this.fail("simulated: what the capture sends is no video");
    });
  }

  get #isOpen(): boolean {
    return this.#opening !== null || this.#upAtMs !== null || this.#watchdog !== null;
  }

  #size(): { widthPx: number; heightPx: number } {
    const { widthPx, heightPx } = this.#condition;
    return { widthPx, heightPx };
  }

  #down(fault: "world" | "none", reason: string, seam = false): void {
    const down = this.#end(fault, reason, seam);
    this.#post?.(down);
  }

  /** At a seam the sink keeps its stream: the next one's init ends it. */
  #end(fault: "world" | "none", reason: string, seam = false): CameraDown {
    this.catchUp();
    this.#opening?.cancel();
    this.#watchdog?.cancel();
    this.#tick?.cancel();
    this.#moving?.cancel();
    this.#opening = null;
    this.#moving = null;
    this.#watchdog = null;
    this.#tick = null;
    if (this.#streaming && !seam) {
      this.#streaming = false;
      this.#sink.end();
    }
    this.#upAtMs = null;
    return { type: "camera.down", occurredAt: this.#time.monotonicMs(), fault, reason, seam };
  }

  #scheduleTick(): void {
    if (!this.#followed || this.#tick || this.#upAtMs === null || this.#watchdog) return;
    const gopAtMs = this.#upAtMs + this.#nextGop * GOP_MS;
    const dueMs = gopAtMs + (this.#keyframeGiven ? GOP_MS : KEYFRAME_MS);
    this.#tick = this.#time.after(Math.max(1, dueMs - this.#time.monotonicMs()), () => {
      this.#tick = null;
      this.catchUp();
      this.#scheduleTick();
    });
  }

  #pair(sinceUpMs: number, durationMs: number, keyframe: boolean, bytes: number): void {
    this.#sink.pair({
      data: footage(bytes),
      keyframe,
      capturedAtMs: (this.#upAtMs ?? 0) + sinceUpMs,
      durationMs,
      frames: Math.round((durationMs * FRAMES_PER_S) / 1_000),
    });
  }
}
