import type { HealthMessage } from "../contract/messages.ts";
import { topicsOf } from "../contract/topics.ts";
import { reportConfiguration } from "./configuration-report.ts";
import { waitingRows } from "./outbox.ts";
import { setTimer } from "./timers.ts";
import type { Turn } from "./turn.ts";
import { assertStatus, isReady, publish } from "./uplink.ts";

/** Publishes the counters, if anybody can hear them, and the status once more; and again after a while. */
export function healthTimerFired(turn: Turn): void {
  const { camera, counters, lifecycle, outbox, settings } = turn.state;
  setTimer(turn, "health.publish", turn.now + settings.health.everyMs);
  if (!isReady(turn)) return;
  assertStatus(turn);
  reportConfiguration(turn);
  const waiting = waitingRows(turn);
  const message: HealthMessage = {
    epoch: lifecycle.epoch,
    uptimeMs: turn.now - lifecycle.startedAtMs,
    mode: lifecycle.mode,
    camera: camera.state,
    store: outbox.store,
    outboxRows: waiting.rows,
    outboxBytes: waiting.bytes,
    counters: { ...counters },
  };
  publish(
    turn,
    { kind: "health" },
    {
      topic: topicsOf(settings.device.id).health,
      payload: { kind: "text", text: JSON.stringify(message) },
      retain: false,
      contentType: "application/json",
      expiryS: null,
    },
  );
}
