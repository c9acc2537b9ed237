import { DoorbellOnADesk } from "./doorbell-on-a-desk.ts";

export const SHA = "ab".repeat(32);

/** With its camera, and long enough after its start. */
export function ready(patch: ConstructorParameters<typeof DoorbellOnADesk>[0] = {}): DoorbellOnADesk {
  const desk = DoorbellOnADesk.ready({ camera: { source: "test" }, ...patch }).cameraUp();
  desk.saveAll().ackAll();
  desk.wait(60_000).ackAll();
  desk.actions = [];
  return desk;
}

/** Of the last reply. */
export const refusal = (desk: DoorbellOnADesk) => desk.replies().at(-1)?.refusal;

/** The picture that was asked for last is there. */
export function still(desk: DoorbellOnADesk): void {
  const { eventId, atMs } = desk.last("camera.take-still");
  const picture = { widthPx: 640, heightPx: 360, bytes: 900, sha256: SHA };
  desk.input({ type: "camera.still", occurredAt: desk.now, eventId, ...picture, frameAtMs: atMs - 20 });
  desk.saveAll();
  desk.ackAll();
}
