import type { ButtonEdge, ButtonLineState } from "../../device/ports/button-line.ts";
import { onPress } from "./doorbell.ts";
import { recordEvent } from "./events.ts";
import { showState } from "./light.ts";
import { clearTimer, setTimer } from "./timers.ts";
import { act, count, countAndSay, say, type Turn } from "./turn.ts";

/**
 * From edges to presses. A press is recognised once the line has been down for `holdMs` without a break, and ends
 * when it has been up for as long: shorter pulses are contact bounce or ghosts of a long wire.
 */
export interface ButtonState {
  phase: "idle" | "holding" | "rung" | "releasing" | "stuck";
  /** When the line went down, and up again while `releasing`. */
  downAtMs: number;
  upAtMs: number;
  /** The press that is held now. Null when the storm limit kept it from being sent. */
  pressId: string | null;
  /** A single press that a second one may still make a double. */
  first: { pressId: string; upAtMs: number; heldMs: number } | null;
  /** When the presses of the last minute were. */
  recentMs: number[];
  /** It cannot be read, or was so a moment ago. */
  lineLost: boolean;
}

/** A line that comes back is believed when it stays: a device that is gone can often be opened for a moment. */
const READY_AFTER_MS = 3_000;

export function newButton(): ButtonState {
  return {
    phase: "idle",
    downAtMs: 0,
    upAtMs: 0,
    pressId: null,
    first: null,
    recentMs: [],
    lineLost: false,
  };
}

export function buttonEdge(turn: Turn, edge: ButtonEdge): void {
  if (turn.state.button.lineLost) lineIsReady(turn);
  if (edge.pressed) wentDown(turn, edge.occurredAt);
  else wentUp(turn, edge.occurredAt);
}

/** The line cannot be read, or perhaps can be again. */
export function buttonLine(turn: Turn, input: ButtonLineState): void {
  const { button } = turn.state;
  if (input.state === "ready") {
    if (button.lineLost) setTimer(turn, "button.ready", turn.now + READY_AFTER_MS);
    return;
  }
  clearTimer(turn, "button.ready");
  if (button.lineLost) return;
  button.lineLost = true;
  letGo(turn, input.occurredAt);
  say(turn, "error", `button lost: ${input.reason}`);
  recordEvent(turn, "button", input.occurredAt, { gesture: "line-lost", pressIds: [], heldMs: 0 });
  showState(turn);
}

export function readyTimerFired(turn: Turn): void {
  if (turn.state.button.lineLost) lineIsReady(turn);
}

export function holdTimerFired(turn: Turn): void {
  if (turn.state.button.phase === "holding") ring(turn);
}

export function releaseTimerFired(turn: Turn): void {
  if (turn.state.button.phase === "releasing") pressEnded(turn);
}

export function doubleTimerFired(turn: Turn): void {
  const { first, phase } = turn.state.button;
  // A second press that began in time decides at its own end.
  if (first && phase === "idle") settleAsSingle(turn);
}

export function stuckTimerFired(turn: Turn): void {
  const button = turn.state.button;
  if (button.phase !== "rung") return;
  button.phase = "stuck";
  settleAsSingle(turn);
  say(turn, "warn", "button is stuck");
  gesture(turn, turn.now, "stuck", button.pressId ? [button.pressId] : [], turn.now - button.downAtMs);
}

function lineIsReady(turn: Turn): void {
  turn.state.button.lineLost = false;
  clearTimer(turn, "button.ready");
  say(turn, "info", "button ready");
  recordEvent(turn, "button", turn.now, { gesture: "line-ready", pressIds: [], heldMs: 0 });
  showState(turn);
}

/** Nobody will tell when the button is let go: it counts as let go now, or the next push would count as the same. */
function letGo(turn: Turn, atMs: number): void {
  const { button } = turn.state;
  if (button.phase === "holding") {
    clearTimer(turn, "button.hold");
    button.phase = "idle";
  }
  if (button.phase === "idle") return;
  if (button.phase !== "releasing") button.upAtMs = atMs;
  pressEnded(turn);
}

function wentDown(turn: Turn, atMs: number): void {
  const button = turn.state.button;
  if (button.phase === "releasing") {
    // The release did not hold: it was bounce, and the press goes on.
    if (atMs - button.upAtMs < turn.state.settings.button.holdMs) {
      clearTimer(turn, "button.release");
      button.phase = turn.now - button.downAtMs >= turn.state.settings.button.stuckMs ? "stuck" : "rung";
      return;
    }
    pressEnded(turn);
  }
  if (button.phase !== "idle" && button.phase !== "holding") return;
  button.phase = "holding";
  button.downAtMs = atMs;
  setTimer(turn, "button.hold", atMs + turn.state.settings.button.holdMs);
  if (turn.state.camera.state === "up") act(turn, { type: "camera.prepare-still" });
}

function wentUp(turn: Turn, atMs: number): void {
  const button = turn.state.button;
  if (button.phase === "holding") {
    clearTimer(turn, "button.hold");
    if (atMs - button.downAtMs < turn.state.settings.button.holdMs) {
      button.phase = "idle";
      count(turn, "button.shortPulses");
      if (button.first && atMs - button.first.upAtMs >= turn.state.settings.button.doubleWithinMs) {
        settleAsSingle(turn);
      }
      return;
    }
    // The edge says that it was held long enough; only our timer is late.
    ring(turn);
  }
  if (button.phase === "rung" || button.phase === "stuck") {
    button.phase = "releasing";
    button.upAtMs = atMs;
    setTimer(turn, "button.release", atMs + turn.state.settings.button.holdMs);
  }
}

/** The press is recognised. It happened when the line went down. */
function ring(turn: Turn): void {
  const { button, settings } = turn.state;
  button.phase = "rung";
  setTimer(turn, "button.stuck", button.downAtMs + settings.button.stuckMs);
  button.recentMs = button.recentMs.filter((atMs) => atMs > button.downAtMs - 60_000);
  if (button.recentMs.length >= settings.button.maxPerMinute) {
    countAndSay(turn, "button.storm", "too many presses: this one is not sent", {
      maxPerMinute: settings.button.maxPerMinute,
    });
    button.pressId = null;
    return;
  }
  button.recentMs.push(button.downAtMs);
  button.pressId = onPress(turn, button.downAtMs);
}

function pressEnded(turn: Turn): void {
  const { button, settings } = turn.state;
  clearTimer(turn, "button.release");
  clearTimer(turn, "button.stuck");
  button.phase = "idle";
  const heldMs = Math.max(0, button.upAtMs - button.downAtMs);
  const pressId = button.pressId;
  button.pressId = null;
  if (pressId === null) {
    settleAsSingle(turn);
  } else if (heldMs >= settings.button.stuckMs) {
    gesture(turn, button.upAtMs, "freed", [pressId], heldMs);
  } else if (heldMs >= settings.button.longMs) {
    settleAsSingle(turn);
    gesture(turn, button.upAtMs, "long", [pressId], heldMs);
  } else if (button.first && button.downAtMs - button.first.upAtMs < settings.button.doubleWithinMs) {
    const both = [button.first.pressId, pressId];
    button.first = null;
    clearTimer(turn, "button.double");
    gesture(turn, button.upAtMs, "double", both, heldMs);
  } else {
    settleAsSingle(turn);
    button.first = { pressId, upAtMs: button.upAtMs, heldMs };
    setTimer(turn, "button.double", button.upAtMs + settings.button.doubleWithinMs);
  }
}

function settleAsSingle(turn: Turn): void {
  const first = turn.state.button.first;
  if (!first) return;
  turn.state.button.first = null;
  clearTimer(turn, "button.double");
  gesture(turn, first.upAtMs, "single", [first.pressId], first.heldMs);
}

function gesture(
  turn: Turn,
  atMs: number,
  kind: "single" | "double" | "long" | "stuck" | "freed",
  pressIds: string[],
  heldMs: number,
): void {
  recordEvent(turn, "button", atMs, { gesture: kind, pressIds, heldMs });
}
