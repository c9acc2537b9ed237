import type { Camera, CameraInput } from "../../device/ports/camera.ts";
import type { FragmentSink } from "../../device/ports/fragment-store.ts";
import type { Chance } from "../world/chance.ts";
import type { DeviceTime } from "../world/device-time.ts";
import type { Scheduled } from "../world/world.ts";
import { footage, picture, tagOf } from "./tags.ts";

/** A group of pictures each second, as the wire's fragments are. Its keyframe comes as a pair of its own. */
const GOP_MS = 1_000;
const KEYFRAME_MS = 100;
const FRAMES_PER_S = 15;
/** Older pictures than this are of no use to anybody. */
const RECENT_MS = 40_000;

/** How the camera is doing, beyond one power-on: a broken one stays broken. */
export interface CameraCondition {
  /** Every capture ends at once. */
  broken: boolean;
  /** Captures deliver nothing, and say nothing. */
  stalled: boolean;
}

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
    if (this.#opening || this.#upAtMs !== null) return;
    this.#opening = this.#time.after(this.#chance.int(300, 2_500), () => {
      this.#opening = null;
      if (this.#condition.broken) this.#down("world", "simulated: the capture crashed at its start");
      else if (this.#condition.stalled) this.stall();
      else this.#up();
    });
  }

  close(): void {
    this.#down("none", "closed");
  }

  prepareStill(): void {}

  takeStill(request: { eventId: string; atMs: number; maxBytes: number }): void {
    const { eventId, atMs, maxBytes } = request;
    this.#time.after(this.#chance.int(30, 250), () => {
      const occurredAt = this.#time.monotonicMs();
      if (this.#upAtMs === null || this.#condition.stalled) {
        this.#post?.({ type: "camera.still-failed", occurredAt, eventId, reason: "simulated: no picture" });
        return;
      }
      const bytes = this.#chance.int(4_000, maxBytes);
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
        frameAtMs: atMs + this.#chance.int(-60, 60),
      });
    });
  }

  async stop(): Promise<void> {
    this.close();
    this.#post = null;
  }

  /** Pictures arrive. */
  get isUp(): boolean {
    return this.#upAtMs !== null;
  }

  /** The capture ends now; the next one works unless the condition says otherwise. */
  fail(reason: string): void {
    this.#down("world", reason);
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
        this.#pair(atMs, KEYFRAME_MS, true, this.#chance.int(6_000, 20_000));
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
    this.#sink.init({
      data: footage(800),
      codec: "avc1.42c01f",
      widthPx: 1280,
      heightPx: 720,
      timescales: { 1: 15_360 },
      videoTrackId: 1,
      soundCodec: "",
    });
    this.#post?.({
      type: "camera.up",
      occurredAt: this.#upAtMs,
      source: "test",
      codec: "avc1.42c01f",
      widthPx: 1280,
      heightPx: 720,
      video: "encode",
      soundCodec: "",
    });
    this.#scheduleTick();
  }

  #down(fault: "world" | "none", reason: string): void {
    this.catchUp();
    this.#opening?.cancel();
    this.#watchdog?.cancel();
    this.#tick?.cancel();
    this.#moving?.cancel();
    this.#opening = null;
    this.#moving = null;
    this.#watchdog = null;
    this.#tick = null;
    if (this.#upAtMs !== null) this.#sink.end();
    this.#upAtMs = null;
    this.#post?.({ type: "camera.down", occurredAt: this.#time.monotonicMs(), fault, reason, seam: false });
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
