import type { Action, LogLevel } from "./actions.ts";
import type { State } from "./state.ts";

/** One step as the machines see it: the state they change, the time it is, and the actions they add to. */
export interface Turn {
  readonly state: State;
  /** Monotonic integer milliseconds. */
  readonly now: number;
  readonly actions: Action[];
}

/** Adds an action to what this step does. */
export function act(turn: Turn, action: Action): void {
  turn.actions.push(action);
}

/** Says something to whoever reads the log. Never a secret. */
export function say(
  turn: Turn,
  level: LogLevel,
  message: string,
  facts: Record<string, string | number | boolean | null> = {},
): void {
  turn.actions.push({ type: "log", level, message, facts });
}

/** Counts something under a dotted name that `health` publishes; answers the new count. */
export function count(turn: Turn, name: string, by = 1): number {
  const total = (turn.state.counters[name] ?? 0) + by;
  turn.state.counters[name] = total;
  return total;
}

/** Counts, and says it at the 1st, 10th, 100th … time, so that a flood cannot fill the log. */
export function countAndSay(
  turn: Turn,
  name: string,
  message: string,
  facts: Record<string, string | number | boolean | null> = {},
): void {
  const total = count(turn, name);
  if (/^10*$/.test(String(total))) say(turn, "warn", message, { ...facts, times: total });
}
