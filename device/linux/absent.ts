import type { ButtonLine } from "../ports/button-line.ts";
import type { Camera, CameraInput } from "../ports/camera.ts";
import type { Chime } from "../ports/chime.ts";
import type { Clock } from "../ports/clock.ts";
import type { Light } from "../ports/light.ts";

/** A board without a light. */
export const noLight: Light = { show() {}, async stop() {} };

/** A board without a chime. */
export const noChime: Chime = { play() {}, async stop() {} };

/** A board without a camera: there is none to open, and every still is refused. */
export function noCamera(clock: Pick<Clock, "monotonicMs">): Camera {
  const reason = "there is no camera";
  let post: Parameters<Camera["start"]>[0] | null = null;
  // Told after the call that it answers.
  const answer = (input: CameraInput) => queueMicrotask(() => post?.(input));
  return {
    start(to) {
      post = to;
    },
    open() {
      const occurredAt = clock.monotonicMs();
      answer({ type: "camera.down", occurredAt, fault: "operator", reason, seam: false });
    },
    close() {},
    prepareStill() {},
    takeStill({ eventId }) {
      answer({ type: "camera.still-failed", occurredAt: clock.monotonicMs(), eventId, reason });
    },
    async stop() {
      post = null;
    },
  };
}

/** A board without a button: nobody rings. */
export const noButton: ButtonLine = { start() {}, async stop() {} };
