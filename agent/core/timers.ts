import { act, type Turn } from "./turn.ts";

/** By key: how often it was set, and when it is due (null when it is not running). */
export type TimersState = Record<string, { generation: number; atMs: number | null }>;

/** The core's timers. Each belongs to the machine that its first level names. */
export type TimerKey =
  | "button.hold"
  | "button.release"
  | "button.double"
  | "button.stuck"
  | "button.ready"
  | "light.idle"
  | "camera.restart"
  | "recorder.close"
  | "motion.end"
  | "outbox.retry"
  | "outbox.declare"
  | "outbox.age"
  | "uploads.resume"
  | "uploads.answer"
  | "uplink.connect"
  | "uplink.ack"
  | "uplink.status"
  | "delivery.again"
  | "commands.limit"
  | "commands.restart"
  | "lifecycle.stop"
  | "lifecycle.normal"
  | "health.publish"
  | "home-assistant.announce"
  | "home-assistant.settled"
  | "home-assistant.health"
  | "configuration.trial"
  | "configuration.confirm"
  | "configuration.restart";

/** Sets the timer to `atMs` (monotonic); one that runs under this key no longer fires. */
export function setTimer(turn: Turn, key: TimerKey, atMs: number): void {
  const generation = (turn.state.timers[key]?.generation ?? 0) + 1;
  turn.state.timers[key] = { generation, atMs };
  act(turn, { type: "timer.set", key, generation, atMs });
}

/** Stops the timer if it runs. */
export function clearTimer(turn: Turn, key: TimerKey): void {
  const timer = turn.state.timers[key];
  if (!timer || timer.atMs === null) return;
  timer.atMs = null;
  act(turn, { type: "timer.clear", key });
}

/** True while the timer is set and has not fired. */
export function timerRuns(turn: Turn, key: TimerKey): boolean {
  return (turn.state.timers[key]?.atMs ?? null) !== null;
}

/** Takes in a `timer.fired`; the key when it counts, null when it is stale. */
export function timerFired(turn: Turn, key: string, generation: number): TimerKey | null {
  const timer = turn.state.timers[key];
  if (!timer || timer.atMs === null || timer.generation !== generation) return null;
  timer.atMs = null;
  return key as TimerKey;
}
