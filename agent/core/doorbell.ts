import { recordEvent } from "./events.ts";
import { recordAround } from "./recorder.ts";
import { setTimer } from "./timers.ts";
import { act, count, type Turn } from "./turn.ts";

/** Somebody rang at monotonic `atMs`. Light and chime answer first: they need no network, camera or disk. */
export function onPress(turn: Turn, atMs: number): string {
  act(turn, { type: "light.show", pattern: "ringing" });
  act(turn, { type: "chime.play", sound: "ring" });
  setTimer(turn, "light.idle", turn.now + turn.state.settings.light.ringingMs);
  count(turn, "press.rung");
  const pressId = recordEvent(turn, "press", atMs, { heldMs: Math.max(0, turn.now - atMs) });
  recordAround(turn, "press", pressId, atMs);
  return pressId;
}
