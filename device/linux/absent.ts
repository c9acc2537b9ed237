import type { ButtonLine } from "../ports/button-line.ts";
import type { Camera, CameraInput } from "../ports/camera.ts";
import type { Chime } from "../ports/chime.ts";
import type { Clock } from "../ports/clock.ts";
import type { ConfigurationInput, ConfigurationStore } from "../ports/configuration-store.ts";
import type { Light } from "../ports/light.ts";
import type { Vault } from "../ports/vault.ts";

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

/** A doorbell that keeps no configuration from the wire: none is taken. */
export function noConfiguration(clock: Pick<Clock, "monotonicMs">): ConfigurationStore {
  const reason = "this doorbell takes no configuration from the wire";
  let post: Parameters<ConfigurationStore["start"]>[0] | null = null;
  const answer = (input: ConfigurationInput) => queueMicrotask(() => post?.(input));
  return {
    start(to) {
      post = to;
    },
    check(request) {
      const problems = [{ field: "", reason }];
      answer({ type: "configuration.checked", occurredAt: clock.monotonicMs(), request, problems });
    },
    save() {
      answer({ type: "configuration.save-failed", occurredAt: clock.monotonicMs(), detail: reason });
    },
    async stop() {
      post = null;
    },
  };
}

/** A doorbell that knows no owner: nothing is their word. */
export function noVault(clock: Pick<Clock, "monotonicMs">): Vault {
  const reason = "this doorbell knows no owner";
  let post: Parameters<Vault["start"]>[0] | null = null;
  return {
    start(to) {
      post = to;
    },
    verify(request) {
      const occurredAt = clock.monotonicMs();
      queueMicrotask(() => post?.({ type: "vault.refused", occurredAt, request, reason }));
    },
    async stop() {
      post = null;
    },
  };
}
