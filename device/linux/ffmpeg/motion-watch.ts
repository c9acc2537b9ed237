import { GrayPictures, TAP } from "../../../agent/media/gray-tap.ts";
import { MotionDetector } from "../../../agent/media/motion.ts";
import { parsePolygon } from "../../../agent/media/polygon.ts";
import type { MotionChanged, SceneRecalibrated } from "../../ports/camera.ts";
import type { Clock } from "../../ports/clock.ts";

export interface MotionWatchOptions {
  clock: Pick<Clock, "monotonicMs">;
  settings: { sensitivity: number; zones: readonly string[] };
  post(input: MotionChanged | SceneRecalibrated): void;
}

/** Looks for motion in the gray tap of one capture, and posts where it starts and where it ends. */
export class MotionWatch {
  readonly #options: MotionWatchOptions;
  readonly #pictures = new GrayPictures();
  readonly #detector: MotionDetector;

  constructor(options: MotionWatchOptions) {
    this.#options = options;
    const { sensitivity, zones } = options.settings;
    this.#detector = new MotionDetector({ ...TAP, sensitivity, zones: zones.map(parsePolygon) });
  }

  /** Takes the tap's next bytes. */
  push(chunk: Uint8Array): void {
    const occurredAt = this.#options.clock.monotonicMs();
    for (const picture of this.#pictures.push(chunk))
      for (const verdict of this.#detector.push(picture, occurredAt)) {
        if (verdict.kind === "recalibrated") this.#options.post({ type: "camera.recalibrated", occurredAt });
        else {
          const { areaPermille, zones } =
            verdict.kind === "moving" ? verdict : { areaPermille: 0, zones: [] };
          const moving = verdict.kind === "moving";
          this.#options.post({ type: "camera.motion", occurredAt, moving, areaPermille, zones });
        }
      }
  }
}
