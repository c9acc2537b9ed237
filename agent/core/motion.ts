import type { MotionChanged } from "../../device/ports/camera.ts";
import { recordEvent } from "./events.ts";
import { recordAround, recordOn } from "./recorder.ts";
import { clearTimer, setTimer } from "./timers.ts";
import { count, type Turn } from "./turn.ts";

/** What moves before the camera, from the first movement until nothing has moved for a while. */
export interface MotionState {
  /** The motion that has been told and is not over; null when there is none. */
  current: Motion | null;
  /** Something moves just now. */
  moving: boolean;
}

interface Motion {
  startId: string;
  startedAtMs: number;
  lastMovedAtMs: number;
  areaPermille: number;
  zones: number[];
}

export function newMotion(): MotionState {
  return { current: null, moving: false };
}

/** Something began to move, or does not move any more. */
export function motionChanged(turn: Turn, input: MotionChanged): void {
  const { motion, settings } = turn.state;
  if (!settings.motion.watch || turn.state.lifecycle.phase !== "running") return;
  if (!input.moving) {
    if (motion.moving) comesToRest(turn, input.occurredAt);
    return;
  }
  motion.moving = true;
  clearTimer(turn, "motion.end");
  const { current } = motion;
  if (!current) {
    begin(turn, input);
    return;
  }
  current.lastMovedAtMs = input.occurredAt;
  current.areaPermille = Math.max(current.areaPermille, input.areaPermille);
  current.zones = [...new Set([...current.zones, ...input.zones])].sort((a, b) => a - b);
}

/** No picture comes any more: what moved cannot be seen to move on. */
export function motionLost(turn: Turn, atMs: number, seam: boolean): void {
  const { motion } = turn.state;
  if (!motion.current) return;
  if (motion.moving) comesToRest(turn, atMs);
  if (!seam) end(turn, "camera-lost");
}

export function motionEndTimerFired(turn: Turn): void {
  end(turn, "still");
}

function begin(turn: Turn, { occurredAt, areaPermille, zones }: MotionChanged): void {
  const { motion, settings } = turn.state;
  count(turn, "motion.started");
  const startId = recordEvent(turn, "motion", occurredAt, {
    state: "start",
    startId: "",
    areaPermille,
    zones,
    durationMs: 0,
    reason: "",
  });
  motion.current = { startId, startedAtMs: occurredAt, lastMovedAtMs: occurredAt, areaPermille, zones };
  if (settings.motion.recordClip) recordAround(turn, "motion", startId, occurredAt);
}

function comesToRest(turn: Turn, atMs: number): void {
  const { motion, settings } = turn.state;
  motion.moving = false;
  if (!motion.current) return;
  motion.current.lastMovedAtMs = atMs;
  setTimer(turn, "motion.end", turn.now + settings.motion.endAfterMs);
  if (settings.motion.recordClip) recordOn(turn);
}

function end(turn: Turn, reason: "still" | "camera-lost"): void {
  const { motion } = turn.state;
  const { current } = motion;
  clearTimer(turn, "motion.end");
  motion.current = null;
  motion.moving = false;
  if (!current) return;
  recordEvent(turn, "motion", turn.now, {
    state: "end",
    startId: current.startId,
    areaPermille: current.areaPermille,
    zones: current.zones,
    durationMs: Math.max(0, current.lastMovedAtMs - current.startedAtMs),
    reason,
  });
}
