import type {
  BrokerAcked,
  BrokerInput,
  BrokerMessageIn,
  BrokerPublishFailed,
} from "../../device/ports/broker.ts";
import type { StoreInput } from "../../device/ports/store.ts";
import { CHANNELS } from "../contract/channels.ts";
import { parseTopic, topicsOf } from "../contract/topics.ts";
import type { Action } from "./actions.ts";
import { buttonEdge, buttonLine } from "./button.ts";
import { cameraDown, cameraUp } from "./camera.ts";
import { clockChanged } from "./clock.ts";
import {
  askedClipDeleted,
  askedClipFailed,
  askedClipOpened,
  askedStillFailed,
  askedStillTaken,
  clipRequeued,
  clipsListed,
} from "./command-work.ts";
import { commandArrived } from "./commands.ts";
import {
  configurationAtStart,
  configurationChecked,
  configurationNotSaved,
  configurationSaved,
  desiredArrived,
  ownerRefused,
  ownerVerified,
} from "./configuration.ts";
import { reportDone, reportOnConnection } from "./configuration-report.ts";
import { brokerReached } from "./configuration-trial.ts";
import {
  eventAcked,
  eventRefused,
  pageArrived,
  passFailed,
  pumpEvents,
  savedUnsent,
  startPass,
} from "./delivery.ts";
import { declareDrops } from "./drops.ts";
import { declarationLasts, evictionFailed, evictionPage, keepDiskBound } from "./eviction.ts";
import { fileAnswerSeen } from "./file-answers.ts";
import { birthSeen, homeAssistantConnected, pumpHomeAssistant } from "./home-assistant.ts";
import type { Input } from "./inputs.ts";
import {
  clipOverWhileStopping,
  disconnectedWhileStopping,
  goodbyeAcked,
  restartReplyAcked,
  started,
  stopRequested,
  storeOpened,
  storeUnavailable,
} from "./lifecycle.ts";
import { motionChanged } from "./motion.ts";
import {
  appendFailed,
  pageAnswered,
  rowAppended,
  rowsDropped,
  rowsSettled,
  setAsideNotNoted,
  storeFailed,
} from "./outbox.ts";
import { linkAcknowledged, restartPacing } from "./pacing.ts";
import { receiptArrived } from "./receipts.ts";
import { clipClosed, clipFailed, clipOpened, stillFailed, stillTaken } from "./recorder.ts";
import { pumpReplies, replyAcked, replyRefused } from "./replies.ts";
import { testPublished, testStored } from "./self-test.ts";
import type { State } from "./state.ts";
import { TIMERS } from "./timer-handlers.ts";
import { timerFired } from "./timers.ts";
import { act, count, countAndSay, say, type Turn } from "./turn.ts";
import { connected, disconnected, finishPublish, provedGood, statusSeen } from "./uplink.ts";
import {
  clipEvicted,
  clipGrew,
  clipPublishFailed,
  clipsPending,
  finAcked,
  pauseUploads,
  pumpUploads,
  restartUploads,
  segmentAcked,
  segmentSplit,
  segmentsListed,
  uploadClosed,
} from "./uploads.ts";

/**
 * One step of the doorbell: takes in one input, changes `state`, and answers what is to be done, in order.
 * Deterministic and synchronous; it reads no clock, draws no chance of its own and touches nothing outside.
 * @throws Error on a broken invariant: our bug. The process must end, for the state can no longer be trusted.
 */
export function step(state: State, input: Input): Action[] {
  const turn: Turn = { state, now: input.now, actions: [] };
  if (state.lifecycle.phase === "ended") return turn.actions;
  takeIn(turn, input);
  if (state.lifecycle.phase === "running" || state.lifecycle.phase === "stopping") {
    pumpReplies(turn);
    pumpEvents(turn);
    pumpHomeAssistant(turn);
    pumpUploads(turn);
  }
  return turn.actions;
}

function takeIn(turn: Turn, input: Input): void {
  switch (input.type) {
    case "agent.started":
      started(turn, input);
      return configurationAtStart(turn, input.configuration);
    case "agent.stop":
      return stopRequested(turn);
    case "runtime.shed":
      countAndSay(turn, `shed.${input.source}`, "too many inputs: some were left out", {
        source: input.source,
      });
      count(turn, `shed.${input.source}`, input.count - 1);
      return;
    case "timer.fired": {
      const key = timerFired(turn, input.key, input.generation);
      if (key) TIMERS[key](turn);
      return;
    }
    case "clock.changed":
      return clockChanged(turn, input);
    case "button.edge":
      return buttonEdge(turn, input);
    case "button.line":
      return buttonLine(turn, input);
    case "camera.up":
      return cameraUp(turn, input);
    case "camera.down":
      return cameraDown(turn, input);
    case "camera.still":
      stillTaken(turn, input);
      return askedStillTaken(turn, input);
    case "camera.still-failed":
      stillFailed(turn, input);
      return askedStillFailed(turn, input);
    case "camera.motion":
      return motionChanged(turn, input);
    case "camera.recalibrated":
      count(turn, "motion.recalibrated");
      return;
    case "clip.opened":
      clipOpened(turn, input);
      return askedClipOpened(turn, input);
    case "clip.grew":
      return clipGrew(turn, input);
    case "clip.closed":
      uploadClosed(turn, input);
      clipClosed(turn, input);
      return clipOverWhileStopping(turn);
    case "clip.failed":
      clipFailed(turn, input);
      askedClipFailed(turn, input);
      return clipOverWhileStopping(turn);
    case "clip.segments":
      return segmentsListed(turn, input);
    case "clip.parts":
      return segmentSplit(turn, input);
    case "clip.pending":
      return clipsPending(turn, input);
    case "clip.evicted":
      return clipEvicted(turn, input);
    case "clip.listed":
      return clipsListed(turn, input);
    case "clip.requeued":
      return clipRequeued(turn, input);
    case "clip.deleted":
      return askedClipDeleted(turn, input);
    case "clip.spool-fault":
      count(turn, "clips.spoolFaults");
      return say(turn, "error", `clips cannot be kept: ${input.detail}`, { fault: input.fault });
    case "configuration.checked":
      return configurationChecked(turn, input);
    case "configuration.saved":
      return configurationSaved(turn);
    case "configuration.save-failed":
      return configurationNotSaved(turn, input);
    case "vault.verified":
      return ownerVerified(turn, input);
    case "vault.refused":
      return ownerRefused(turn, input);
    default:
      return takeInAnswer(turn, input);
  }
}

function takeInAnswer(turn: Turn, input: StoreInput | BrokerInput): void {
  switch (input.type) {
    case "store.opened":
      return storeOpened(turn, input);
    case "store.unavailable":
      return storeUnavailable(turn, input);
    case "store.appended": {
      const saved = rowAppended(turn, input);
      declarationLasts(turn, input.lane, input.sequence);
      keepDiskBound(turn);
      testStored(turn, input);
      if (!saved) return;
      savedUnsent(turn, input.lane, input.sequence, saved.sentOn);
      if (saved.announces) act(turn, { type: "clip.mark-announced", clipId: saved.announces });
      return;
    }
    case "store.append-failed":
      return appendFailed(turn, input);
    case "store.page":
      if (pageAnswered(turn, input.lane) === "eviction") return evictionPage(turn, input);
      return pageArrived(turn, input);
    case "store.settled":
      rowsSettled(turn, input);
      return keepDiskBound(turn);
    case "store.dropped":
      rowsDropped(turn, input);
      return keepDiskBound(turn);
    case "store.failed":
      if (input.operation === "set-aside-told") return setAsideNotNoted(turn, input);
      storeFailed(turn, input);
      if (input.operation === "page" && input.lane && pageAnswered(turn, input.lane) === "eviction") {
        return evictionFailed(turn);
      }
      return passFailed(turn, input);
    case "broker.connected":
      if (!connected(turn, input)) return;
      startPass(turn);
      restartPacing(turn);
      restartUploads(turn);
      homeAssistantConnected(turn);
      reportOnConnection(turn);
      return declareDrops(turn);
    case "broker.disconnected":
      if (!disconnected(turn, input)) return;
      pauseUploads(turn);
      return disconnectedWhileStopping(turn);
    case "broker.acked":
      return published(turn, input);
    case "broker.publish-failed":
      return notPublished(turn, input);
    case "broker.message":
      return messageArrived(turn, input);
  }
}

function published(turn: Turn, input: BrokerAcked): void {
  const done = finishPublish(turn, input.connection, input.token);
  if (!done) return;
  const { purpose } = done;
  provedGood(turn);
  brokerReached(turn);
  linkAcknowledged(turn, done);
  switch (purpose.kind) {
    case "event":
      if (purpose.epoch === turn.state.lifecycle.epoch) {
        declarationLasts(turn, purpose.lane, purpose.sequence);
        if (purpose.lane === "event") testPublished(turn, purpose.sequence);
      }
      return eventAcked(turn, purpose.lane, purpose.epoch, purpose.sequence);
    case "still":
      return act(turn, { type: "clip.forget-still", eventId: purpose.eventId });
    case "clip-segment":
      return segmentAcked(turn, purpose.clipId, purpose.index);
    case "clip-fin":
      return finAcked(turn, purpose.clipId);
    case "status":
      if (purpose.state === "stopped") goodbyeAcked(turn);
      return;
    case "reply":
      replyAcked(turn, purpose.number);
      return restartReplyAcked(turn, purpose.number);
    case "config-reported":
      return reportDone(turn);
    case "health":
    case "home-assistant":
    case "clip-init":
    case "clip-abort":
      return;
  }
}

function notPublished(turn: Turn, input: BrokerPublishFailed): void {
  const purpose = finishPublish(turn, input.connection, input.token)?.purpose;
  if (!purpose) return;
  switch (purpose.kind) {
    case "event":
      return eventRefused(turn, input.detail);
    case "clip-init":
    case "clip-segment":
    case "clip-fin":
      return clipPublishFailed(turn, purpose.clipId, input);
    case "reply":
      return replyRefused(turn, purpose.number, input.detail);
    case "still":
      count(turn, "stills.notSent");
      return say(turn, "warn", `snapshot not sent: ${input.detail}`, { eventId: purpose.eventId });
    case "config-reported":
      reportDone(turn);
      return countAndSay(turn, "uplink.refused", `the broker refused a message: ${input.detail}`, {
        kind: purpose.kind,
      });
    case "status":
    case "health":
    case "home-assistant":
    case "clip-abort":
      return countAndSay(turn, "uplink.refused", `the broker refused a message: ${input.detail}`, {
        kind: purpose.kind,
      });
  }
}

function messageArrived(turn: Turn, input: BrokerMessageIn): void {
  if (input.connection !== turn.state.uplink.connection) return;
  const topics = topicsOf(turn.state.settings.device.id);
  const text = isTooLarge(turn, input) ? null : input.text;
  if (input.topic === topics.status) return statusSeen(turn, text);
  if (input.topic === topics.receipt) return receiptArrived(turn, text);
  if (birthSeen(turn, input) || fileAnswerSeen(turn, input)) return;
  const commands = topics.command("");
  if (input.topic.startsWith(commands))
    return commandArrived(turn, input.topic.slice(commands.length), { ...input, text });
  if (input.topic === topics.configDesired) return desiredArrived(turn, text);
  countAndSay(turn, "inbound.unknown", "message on a topic that is not ours", { bytes: input.bytes });
}

/** More than its topic allows is not looked at: its machine learns only that something came. */
function isTooLarge(turn: Turn, { topic, bytes }: BrokerMessageIn): boolean {
  const parsed = parseTopic(topic);
  if (!parsed || bytes <= CHANNELS[parsed.kind].maxBytes) return false;
  const { maxBytes } = CHANNELS[parsed.kind];
  countAndSay(turn, "inbound.tooLarge", "message refused: larger than its topic allows", {
    kind: parsed.kind,
    bytes,
    maxBytes,
  });
  return true;
}
