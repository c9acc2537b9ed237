import type { LightPattern } from "../../device/ports/light.ts";
import { timerRuns } from "./timers.ts";
import { act, type Turn } from "./turn.ts";

/** Shows what the doorbell is doing, unless it is ringing just now. */
export function showState(turn: Turn): void {
  if (timerRuns(turn, "light.idle")) return;
  act(turn, { type: "light.show", pattern: stateToShow(turn) });
}

function stateToShow(turn: Turn): LightPattern {
  const { button, camera, recorder } = turn.state;
  if (button.lineLost || camera.state === "down") return "fault";
  return recorder.clip ? "recording" : "idle";
}
