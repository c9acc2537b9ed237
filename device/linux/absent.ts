import type { ButtonLine } from "../ports/button-line.ts";
import type { Camera } from "../ports/camera.ts";
import type { Chime } from "../ports/chime.ts";
import type { Light } from "../ports/light.ts";

/** A board without a light. */
export const noLight: Light = { show() {}, async stop() {} };

/** A board without a chime. */
export const noChime: Chime = { play() {}, async stop() {} };

/** A board without a camera: the core does not open one, and every still is refused. */
export function noCamera(): Camera {
  let post: Parameters<Camera["start"]>[0] | null = null;
  return {
    start(to) {
      post = to;
    },
    open() {},
    close() {},
    prepareStill() {},
    takeStill({ eventId, atMs }) {
      post?.({ type: "camera.still-failed", occurredAt: atMs, eventId, reason: "there is no camera" });
    },
    async stop() {},
  };
}

/** A board without a button: nobody rings. */
export const noButton: ButtonLine = { start() {}, async stop() {} };
