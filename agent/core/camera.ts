import type { CameraDown, CameraUp } from "../../device/ports/camera.ts";
import { backOffMs } from "./chance.ts";
import { recordEvent } from "./events.ts";
import { showState } from "./light.ts";
import { motionLost } from "./motion.ts";
import { continueClip } from "./recorder.ts";
import { clearTimer, setTimer } from "./timers.ts";
import { act, count, say, type Turn } from "./turn.ts";

/** Supervision of the capture: what it is doing, and the back-off between tries. */
export interface CameraState {
  state: "off" | "starting" | "up" | "down";
  source: string;
  codec: string;
  /** Of its sound; empty without any. */
  soundCodec: string;
  widthPx: number;
  heightPx: number;
  upSinceMs: number;
  /** Failures in a row. */
  attempt: number;
  /** Of the last `down` that was told, so that the same fault is told once. */
  reason: string;
}

export function newCamera(): CameraState {
  return {
    state: "off",
    source: "",
    codec: "",
    soundCodec: "",
    widthPx: 0,
    heightPx: 0,
    upSinceMs: 0,
    attempt: 0,
    reason: "",
  };
}

/** A capture that lasted this long was a good one: the next failure is a first one again. */
const GOOD_RUN_MS = 10_000;
/** A file that comes to its end sooner than this is treated as a failure, or it would be started in a tight loop. */
const SHORTEST_PASS_MS = 500;

/** Starts the capture, if there is a camera and this mode uses it. */
export function openCamera(turn: Turn): void {
  const { camera, lifecycle, settings } = turn.state;
  if (settings.camera.source === "none" || lifecycle.mode !== "normal" || lifecycle.phase !== "running")
    return;
  if (camera.state === "off") camera.state = "starting";
  act(turn, { type: "camera.open" });
}

export function cameraUp(turn: Turn, input: CameraUp): void {
  const camera = turn.state.camera;
  const news = camera.state !== "up";
  Object.assign(camera, {
    state: "up",
    source: input.source,
    codec: input.codec,
    soundCodec: input.soundCodec,
    widthPx: input.widthPx,
    heightPx: input.heightPx,
    upSinceMs: input.occurredAt,
    reason: "",
  });
  if (news) {
    say(turn, "info", "camera up", {
      source: input.source,
      codec: input.codec,
      size: `${input.widthPx}x${input.heightPx}`,
      video: input.video,
      sound: input.soundCodec === "" ? "none" : input.soundCodec,
    });
    tell(turn, input.occurredAt, "up", "none", "", input.source);
    showState(turn);
  }
  continueClip(turn);
}

export function cameraDown(turn: Turn, input: CameraDown): void {
  const { camera, settings } = turn.state;
  motionLost(turn, input.occurredAt, input.seam);
  const lastedMs = camera.state === "up" ? input.occurredAt - camera.upSinceMs : 0;
  if (input.fault === "none" && !input.seam) {
    camera.state = "off";
    clearTimer(turn, "camera.restart");
    return;
  }
  if (input.seam && lastedMs >= SHORTEST_PASS_MS) {
    openCamera(turn);
    return;
  }
  camera.attempt = lastedMs >= GOOD_RUN_MS ? 1 : camera.attempt + 1;
  count(turn, "camera.failures");
  if (camera.state !== "down" || camera.reason !== input.reason) {
    say(turn, input.fault === "operator" ? "error" : "warn", `camera down: ${input.reason}`);
    tell(turn, input.occurredAt, "down", input.fault, input.reason, settings.camera.source);
  }
  camera.state = "down";
  camera.reason = input.reason;
  const pauseMs = backOffMs(turn, camera.attempt, settings.camera.restartMinMs, settings.camera.restartMaxMs);
  setTimer(turn, "camera.restart", turn.now + Math.max(settings.camera.restartMinMs, pauseMs));
  showState(turn);
}

export function restartTimerFired(turn: Turn): void {
  openCamera(turn);
}

function tell(
  turn: Turn,
  atMs: number,
  state: "up" | "down",
  fault: CameraDown["fault"],
  reason: string,
  source: string,
): void {
  recordEvent(turn, "camera", atMs, {
    state,
    fault,
    reason: reason.slice(0, 200),
    source: source.slice(0, 200),
  });
}
