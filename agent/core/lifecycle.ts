import type { PreviousEpoch, StoreOpened, StoreUnavailable } from "../../device/ports/store.ts";
import { openCamera } from "./camera.ts";
import { seeded } from "./chance.ts";
import { knowEarlierRuns, refuseAllUnderWay } from "./command-ends.ts";
import { declareDrops } from "./drops.ts";
import { recordEvent } from "./events.ts";
import { checkAgesLater } from "./eviction.ts";
import type { Started } from "./inputs.ts";
import { showState } from "./light.ts";
import { outboxInMemory, outboxOpened, saveRefusedRows, tellsSetAside } from "./outbox.ts";
import { closeClip } from "./recorder.ts";
import { clearTimer, setTimer } from "./timers.ts";
import { act, say, type Turn } from "./turn.ts";
import { connect, isReady, publishStatus } from "./uplink.ts";
import { lookForClips } from "./uploads.ts";

/** One run of the agent, from its start to its end. */
export interface LifecycleState {
  phase: "new" | "running" | "stopping" | "ended";
  mode: "normal" | "bell-only";
  version: string;
  /** Random, one for each start. */
  epoch: string;
  /** Counts the starts on this data folder; 0 while that is not known. */
  epochNumber: number;
  previous: PreviousEpoch | null;
  /** A corrupt outbox was set aside, at this start or at one that nobody heard of: starts are counted anew. */
  setAside: boolean;
  startedAtMs: number;
  /** The request for which it is to be started again; null when it just ends. */
  restart: string | null;
  /** It ends to be started anew. */
  again: boolean;
  /** State of the generator that jitter comes from. */
  chance: number[];
}

export function newLifecycle(): LifecycleState {
  return {
    phase: "new",
    mode: "normal",
    version: "",
    epoch: "",
    epochNumber: 0,
    previous: null,
    setAside: false,
    startedAtMs: 0,
    restart: null,
    again: false,
    chance: [],
  };
}

/** How long a restart waits for its own answer to be acknowledged. */
const ANSWER_WITHIN_MS = 2_000;
/** How long a stopping agent waits for the broker and the camera. */
const STOP_WITHIN_MS = 3_000;

/** The button works from here on; everything else follows. */
export function started(turn: Turn, input: Started): void {
  const { lifecycle, settings, time } = turn.state;
  if (lifecycle.phase !== "new") throw new Error("the agent was started twice");
  Object.assign(lifecycle, {
    phase: "running",
    mode: input.mode,
    version: input.version,
    epoch: input.epoch,
    startedAtMs: turn.now,
    chance: seeded(input.seed),
  });
  time.offsetMs = input.utcMs - input.occurredAt;
  time.trust = input.trust;
  knowEarlierRuns(turn, input);
  act(turn, { type: "store.open", epoch: input.epoch, startedUtcMs: input.utcMs });
  say(turn, "info", "started", { device: settings.device.id, version: input.version, epoch: input.epoch });
  if (input.mode === "bell-only") {
    say(turn, "error", "three crashes within a minute: bell-only mode, without camera and backlog", {
      forMs: settings.device.bellOnlyMs,
    });
    setTimer(turn, "lifecycle.normal", turn.now + settings.device.bellOnlyMs);
  }
  setTimer(turn, "health.publish", turn.now + settings.health.everyMs);
  openCamera(turn);
  showState(turn);
}

/** The disk is ours. Only now the broker: whoever has the data folder is the device. */
export function storeOpened(turn: Turn, input: StoreOpened): void {
  const { lifecycle } = turn.state;
  lifecycle.epochNumber = input.epochNumber;
  lifecycle.previous = input.previous;
  lifecycle.setAside = Boolean(input.setAside);
  if (input.setAside)
    say(turn, "error", "the outbox was corrupt and was set aside", { file: input.setAside });
  outboxOpened(turn, input.totals);
  checkAgesLater(turn);
  lookForClips(turn);
  tellStart(turn);
  connect(turn);
}

/** Another agent has the data folder: this one ends. Any other trouble: the bell goes on, in memory. */
export function storeUnavailable(turn: Turn, input: StoreUnavailable): void {
  if (input.fault === "locked") {
    end(turn, 2, input.detail);
    return;
  }
  say(turn, "error", `nothing can be kept: ${input.detail}`, { fault: input.fault });
  outboxInMemory(turn);
  tellStart(turn);
  connect(turn);
}

/** Whoever stops it wants it stopped, also when somebody else has just asked for a restart. */
export function stopRequested(turn: Turn): void {
  turn.state.lifecycle.restart = null;
  stop(turn, false);
}

/** Ends the agent, to be started again, once the asker has the answer; that is waited for a moment only. */
export function restartAfterReply(turn: Turn, requestId: string, reply: number): void {
  turn.state.commands.restart = { requestId, reply };
  setTimer(turn, "commands.restart", turn.now + ANSWER_WITHIN_MS);
}

export function restartReplyAcked(turn: Turn, reply: number): void {
  if (turn.state.commands.restart?.reply === reply) restartNow(turn);
}

export function restartNow(turn: Turn): void {
  const { commands, lifecycle } = turn.state;
  clearTimer(turn, "commands.restart");
  if (!commands.restart || lifecycle.phase !== "running") return;
  lifecycle.restart = commands.restart.requestId;
  stop(turn, false);
}

/** Says goodbye as at any stop; whoever started this agent then starts another. */
export function restartRequested(turn: Turn): void {
  stop(turn, true);
}

function stop(turn: Turn, again: boolean): void {
  const { lifecycle, recorder } = turn.state;
  // Whoever asks for an end while it restarts gets one.
  lifecycle.again = again && lifecycle.phase === "running";
  if (lifecycle.phase !== "running") return;
  lifecycle.phase = "stopping";
  say(turn, "info", lifecycle.restart === null ? "stopping" : "stopping, to be started again");
  setTimer(turn, "lifecycle.stop", turn.now + STOP_WITHIN_MS);
  refuseAllUnderWay(turn);
  declareDrops(turn);
  if (recorder.clip) closeClip(turn);
  else sayGoodbye(turn);
}

/** The clip that the stop had to wait for is closed. */
export function clipOverWhileStopping(turn: Turn): void {
  const { lifecycle, recorder } = turn.state;
  if (lifecycle.phase === "stopping" && !recorder.clip) sayGoodbye(turn);
}

/** `stopped` is acknowledged: with a DISCONNECT the will stays unsent. */
export function goodbyeAcked(turn: Turn): void {
  const { lifecycle, uplink } = turn.state;
  if (lifecycle.phase !== "stopping") return;
  act(turn, { type: "broker.disconnect", connection: uplink.connection });
}

export function disconnectedWhileStopping(turn: Turn): void {
  if (turn.state.lifecycle.phase === "stopping") end(turn, 0, "stopped");
}

export function stopTimerFired(turn: Turn): void {
  if (turn.state.lifecycle.phase === "stopping") end(turn, 0, "stopped");
}

/** Bell-only mode has lasted long enough: everything is tried again, on a connection that listens. */
export function normalTimerFired(turn: Turn): void {
  const { lifecycle, uplink } = turn.state;
  if (lifecycle.mode === "normal" || lifecycle.phase !== "running") return;
  lifecycle.mode = "normal";
  say(turn, "info", "bell-only mode is over");
  openCamera(turn);
  if (isReady(turn)) act(turn, { type: "broker.disconnect", connection: uplink.connection });
  // It was asked for without a word of what to listen to.
  else if (uplink.phase === "connecting") {
    act(turn, { type: "broker.abandon", connection: uplink.connection });
  }
}

function sayGoodbye(turn: Turn): void {
  if (isReady(turn)) publishStatus(turn, "stopped");
  else end(turn, 0, "stopped");
}

/** The store finishes what it was asked before it closes: rows that it refused are asked once more. */
function end(turn: Turn, exitCode: 0 | 2, reason: string): void {
  saveRefusedRows(turn);
  const { lifecycle } = turn.state;
  lifecycle.phase = "ended";
  if (exitCode === 0 && lifecycle.restart !== null)
    act(turn, { type: "agent.ended", exitCode: 75, reason: "restart, as asked", restart: lifecycle.restart });
  else {
    const again = exitCode === 0 && lifecycle.again;
    act(turn, { type: "agent.ended", exitCode, reason, ...(again && { again }) });
  }
}

/** The first event of the epoch: a consumer learns from it which numbers the one before had reached. */
function tellStart(turn: Turn): void {
  const { lifecycle } = turn.state;
  recordEvent(turn, "start", lifecycle.startedAtMs, {
    previousEpoch: lifecycle.previous?.epoch ?? "",
    previousLastPress: lifecycle.previous?.lastPress ?? 0,
    previousLastEvent: lifecycle.previous?.lastEvent ?? 0,
    version: lifecycle.version,
    mode: lifecycle.mode,
    ...(lifecycle.setAside && { setAside: true }),
  });
  if (lifecycle.setAside) tellsSetAside(turn, turn.state.outbox.last.event);
}
