import type { HealthMessage } from "../contract/messages.ts";
import { topicsOf } from "../contract/topics.ts";
import { reportConfiguration } from "./configuration-report.ts";
import { waitingRows } from "./outbox.ts";
import { setTimer } from "./timers.ts";
import type { Turn } from "./turn.ts";
import { assertStatus, isReady, messageOn, publish } from "./uplink.ts";

/** Publishes the counters, if anybody can hear them, and the status once more; and again after a while. */
export function healthTimerFired(turn: Turn): void {
  const { settings } = turn.state;
  setTimer(turn, "health.publish", turn.now + settings.health.everyMs);
  if (!isReady(turn)) return;
  assertStatus(turn);
  reportConfiguration(turn);
  publishHealth(turn);
}

export function publishHealth(turn: Turn): void {
  const { camera, homeAssistant, motion, settings } = turn.state;
  homeAssistant.tellHealth = false;
  homeAssistant.told = { camera: camera.state, motion: motion.current !== null, atMs: turn.now };
  publish(
    turn,
    { kind: "health" },
    messageOn("health", topicsOf(settings.device.id).health, { kind: "text", text: healthText(turn) }),
  );
}

export function healthText(turn: Turn): string {
  const { camera, counters, lifecycle, motion, outbox, time } = turn.state;
  const waiting = waitingRows(turn);
  const message: HealthMessage = {
    epoch: lifecycle.epoch,
    uptimeMs: turn.now - lifecycle.startedAtMs,
    mode: lifecycle.mode,
    camera: camera.state,
    motion: motion.current !== null,
    clock: time.trust,
    store: outbox.store,
    outboxRows: waiting.rows,
    outboxBytes: waiting.bytes,
    counters: { ...counters },
  };
  return JSON.stringify(message);
}
