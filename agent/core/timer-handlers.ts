import {
  doubleTimerFired,
  holdTimerFired,
  readyTimerFired,
  releaseTimerFired,
  stuckTimerFired,
} from "./button.ts";
import { restartTimerFired } from "./camera.ts";
import { limitTimerFired } from "./command-ends.ts";
import {
  restartTimerFired as configurationRestartTimerFired,
  confirmTimerFired,
  trialTimerFired,
} from "./configuration-trial.ts";
import { againTimerFired } from "./delivery.ts";
import { declareDrops } from "./drops.ts";
import { ageTimerFired } from "./eviction.ts";
import { answerTimerFired } from "./file-answers.ts";
import { healthTimerFired } from "./health.ts";
import { announceTimerFired, settledTimerFired } from "./home-assistant.ts";
import { normalTimerFired, restartNow, stopTimerFired } from "./lifecycle.ts";
import { showState } from "./light.ts";
import { motionEndTimerFired } from "./motion.ts";
import { saveRefusedRows } from "./outbox.ts";
import { closeTimerFired } from "./recorder.ts";
import type { TimerKey } from "./timers.ts";
import type { Turn } from "./turn.ts";
import { ackTimerFired, connect, statusTimerFired } from "./uplink.ts";

/** What is done when the timer of a key fires. */
export const TIMERS: Record<TimerKey, (turn: Turn) => void> = {
  "button.hold": holdTimerFired,
  "button.release": releaseTimerFired,
  "button.double": doubleTimerFired,
  "button.stuck": stuckTimerFired,
  "button.ready": readyTimerFired,
  "light.idle": showState,
  "camera.restart": restartTimerFired,
  "recorder.close": closeTimerFired,
  "motion.end": motionEndTimerFired,
  "outbox.retry": saveRefusedRows,
  "outbox.declare": declareDrops,
  "outbox.age": ageTimerFired,
  "uplink.connect": connect,
  "uplink.ack": ackTimerFired,
  "uplink.status": statusTimerFired,
  "delivery.again": againTimerFired,
  "commands.limit": limitTimerFired,
  "commands.restart": restartNow,
  "configuration.trial": trialTimerFired,
  "configuration.confirm": confirmTimerFired,
  "configuration.restart": configurationRestartTimerFired,
  "lifecycle.stop": stopTimerFired,
  "lifecycle.normal": normalTimerFired,
  "health.publish": healthTimerFired,
  "home-assistant.announce": announceTimerFired,
  "home-assistant.settled": settledTimerFired,
  // What they held back is done in every step.
  "home-assistant.health": () => {},
  "uploads.resume": () => {},
  "uploads.answer": answerTimerFired,
};
