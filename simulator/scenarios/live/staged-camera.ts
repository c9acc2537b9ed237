import type { Camera, CameraInput } from "../../../device/ports/camera.ts";
import type { DeviceTime } from "../../world/device-time.ts";
import type { Scheduled } from "../../world/world.ts";
import type { Troubles } from "./orders.ts";

/** A decoder gives up so soon, or is so late on a busy board. */
const FAILS_AFTER_MS = 100;
const LATE_MS = 20_000;

export interface StagedMotion {
  forMs: number;
  areaPermille: number;
  zones: number[];
}

/**
 * A real camera before which nothing moves but what a story says: what the camera sees of the room it stands in is
 * no part of the story, and is not passed on.
 */
export class StagedCamera implements Camera {
  readonly #inner: Camera;
  readonly #time: DeviceTime;
  readonly #changed: (isUp: boolean) => void;
  #post: ((input: CameraInput) => void) | null = null;
  /** What becomes of the previews that are asked for. */
  stills: Troubles["stills"] = "taken";
  /** It was pulled out: what is told when it is opened is not what was told when it was lost, as with a real one. */
  isBroken = false;
  #isUp = false;
  #isBlind = false;
  #moving: Scheduled | null = null;

  /** `changed` is told when pictures begin to arrive, and when they no longer do. */
  constructor(inner: Camera, time: DeviceTime, changed: (isUp: boolean) => void) {
    this.#inner = inner;
    this.#time = time;
    this.#changed = changed;
  }

  /** Something moves before it from now on, for so long: seen by a camera whose pictures arrive. */
  move({ forMs, areaPermille, zones }: StagedMotion): void {
    if (!this.#isUp || this.#isBlind) return;
    this.#stopMoving();
    this.#tellMotion(true, areaPermille, zones);
    this.#moving = this.#time.after(forMs, () => {
      this.#moving = null;
      this.#tellMotion(false, 0, []);
    });
  }

  /** Its pictures do not arrive any more, although the capture has not ended; or arrive again. */
  blind(isBlind: boolean): void {
    this.#isBlind = isBlind;
    if (isBlind) this.#stopMoving();
  }

  start(post: (input: CameraInput) => void): void {
    this.#post = post;
    this.#inner.start((input) => this.#passOn(input));
  }

  open(): void {
    this.#inner.open();
  }

  close(): void {
    this.#inner.close();
  }

  prepareStill(): void {
    this.#inner.prepareStill();
  }

  takeStill(request: Parameters<Camera["takeStill"]>[0]): void {
    if (this.stills === "never") return;
    if (this.stills === "failed") this.#time.after(FAILS_AFTER_MS, () => this.#failStill(request.eventId));
    else this.#inner.takeStill(request);
  }

  async stop(): Promise<void> {
    this.#stopMoving();
    await this.#inner.stop();
    this.#post = null;
  }

  #passOn(input: CameraInput): void {
    if (input.type === "camera.motion" || input.type === "camera.recalibrated") return;
    if (input.type === "camera.up" || input.type === "camera.down") {
      const wasUp = this.#isUp;
      this.#isUp = input.type === "camera.up";
      if (!this.#isUp) this.#stopMoving();
      this.#changed(this.#isUp);
      if (this.isBroken && !wasUp && input.type === "camera.down" && input.fault === "world")
        return this.#post?.({ ...input, reason: "staged: there is no camera" });
    }
    const isStill = input.type === "camera.still" || input.type === "camera.still-failed";
    if (isStill && this.stills === "late") this.#time.after(LATE_MS, () => this.#post?.(input));
    else this.#post?.(input);
  }

  #failStill(eventId: string): void {
    const occurredAt = this.#time.monotonicMs();
    this.#post?.({ type: "camera.still-failed", occurredAt, eventId, reason: "staged: no picture" });
  }

  #stopMoving(): void {
    this.#moving?.cancel();
    this.#moving = null;
  }

  #tellMotion(moving: boolean, areaPermille: number, zones: number[]): void {
    const occurredAt = this.#time.monotonicMs();
    this.#post?.({ type: "camera.motion", occurredAt, moving, areaPermille, zones });
  }
}
