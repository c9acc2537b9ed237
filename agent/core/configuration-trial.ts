import type { ConfigurationRecord } from "../../device/ports/configuration-store.ts";
import type { AfterSaving } from "./configuration.ts";
import { restartRequested } from "./lifecycle.ts";
import { setTimer, timerRuns } from "./timers.ts";
import { act, type Turn } from "./turn.ts";
import { isReady } from "./uplink.ts";

/** A configuration that ends the process soon after it connected must not count as a good one. */
const CONFIRM_AFTER_MS = 2_000;
const LOOK_AGAIN_MS = 250;
/** A restart waits so long for the button to be let go and for the clip to be over. */
const RESTART_WITHIN_MS = 120_000;

/** Makes the record durable; `configurationSaved` does what is to be done then. */
export function save(turn: Turn, record: ConfigurationRecord, then: AfterSaving): void {
  const { configuration } = turn.state;
  configuration.doing = "saving";
  configuration.saving = { record, then };
  act(turn, { type: "configuration.save", record });
}

/** The configuration has so long to reach a broker. */
export function tryFor(turn: Turn): void {
  setTimer(turn, "configuration.trial", turn.now + turn.state.settings.configuration.trialMs);
}

/** A broker has acknowledged something: the configuration on trial, if there is one, can reach one. */
export function brokerReached(turn: Turn): void {
  const { configuration } = turn.state;
  if (!configuration.record.trial || configuration.doing !== "nothing") return;
  if (!timerRuns(turn, "configuration.confirm")) confirmLater(turn);
}

export function confirmLater(turn: Turn): void {
  setTimer(turn, "configuration.confirm", turn.now + CONFIRM_AFTER_MS);
}

export function confirmTimerFired(turn: Turn): void {
  const { record, doing } = turn.state.configuration;
  if (!record.trial || doing !== "nothing" || !holds(turn)) return;
  save(turn, { ...record, trial: null }, "confirm");
}

/** No broker was reached in time: what was before comes back. */
export function trialTimerFired(turn: Turn): void {
  const { configuration, settings } = turn.state;
  const { doing, record } = configuration;
  const { inForce, trial } = record;
  if (!trial) return;
  if (doing !== "nothing" || holds(turn)) {
    tryFor(turn);
    return;
  }
  const seconds = Math.round(settings.configuration.trialMs / 1_000);
  const reason = `no broker was reached with it within ${seconds} s`;
  const rolledBack = { version: inForce.version, reason };
  save(turn, { ...record, inForce: trial.before, trial: null, rolledBack }, "roll-back");
}

/** Ends the agent, to be started anew, as soon as nobody rings and nothing is recorded. */
export function restartWhenQuiet(turn: Turn): void {
  turn.state.configuration.doing = "restarting";
  turn.state.configuration.restartSinceMs = turn.now;
  restartTimerFired(turn);
}

export function restartTimerFired(turn: Turn): void {
  const { button, configuration, recorder } = turn.state;
  const isQuiet = (button.phase === "idle" || button.phase === "stuck") && recorder.clip === null;
  if (isQuiet || turn.now - configuration.restartSinceMs >= RESTART_WITHIN_MS) restartRequested(turn);
  else setTimer(turn, "configuration.restart", turn.now + LOOK_AGAIN_MS);
}

/** Bell-only mode says nothing of a configuration: it leaves half of it out. */
function holds(turn: Turn): boolean {
  return isReady(turn) && turn.state.uplink.provedGood && turn.state.lifecycle.mode === "normal";
}
