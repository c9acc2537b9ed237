import type { BrokerConnected, BrokerDisconnected, BrokerMessageOut } from "../../device/ports/broker.ts";
import type { Lane } from "../../device/ports/store.ts";
import { CHANNELS, type ChannelName } from "../contract/channels.ts";
import type { StatusMessage } from "../contract/messages.ts";
import { topicsOf } from "../contract/topics.ts";
import { backOffMs } from "./chance.ts";
import { subscriptionsOf } from "./subscriptions.ts";
import { clearTimer, setTimer, timerRuns } from "./timers.ts";
import { act, count, say, type Turn } from "./turn.ts";

/** The one connection to a broker: making it, losing it, and what is on its way on it. */
export interface UplinkState {
  phase: "waiting" | "connecting" | "connected" | "closed";
  /** Counts the connections of this epoch; the newest is the only one that counts. */
  connection: number;
  /** Failures in a row. */
  attempt: number;
  /** Of the broker of this connection, or of the next one. */
  urlIndex: number;
  /** When a connection to each broker failed last; null: it did not. */
  failedAtMs: (number | null)[];
  /** The broker has acknowledged something on this connection, and has not ceased to. */
  provedGood: boolean;
  nextToken: number;
  /** Published and not acknowledged, by token, oldest first. */
  inFlight: InFlight[];
  /** When the last acknowledgement came. */
  ackedAtMs: number;
  /** How often `online` was said again since its last echo. */
  assertions: number;
  /** The last trouble that was told, so that it is told once. */
  trouble: string;
}

export interface InFlight {
  token: number;
  sentAtMs: number;
  /** About what it takes on the link. */
  bytes: number;
  /** What the link had to carry until this was through: itself, and all that was on its way before it. */
  aheadBytes: number;
  /** When the first of those bytes began to be carried: at the acknowledgement before, or on an idle link at once. */
  aheadSinceMs: number;
  /** That was at an acknowledgement: the link was busy. */
  behindOthers: boolean;
  purpose: Purpose;
}

/** What a publish was for, so that its acknowledgement finds its machine. */
export type Purpose =
  | { kind: "status"; state: StatusMessage["state"] }
  | { kind: "health" }
  | { kind: "home-assistant" }
  | { kind: "config-reported" }
  /** `live`: a press that is to ring now, which waits for nothing. */
  | { kind: "event"; lane: Lane; epoch: string; sequence: number; live: boolean }
  | { kind: "still"; eventId: string; bytes: number }
  | { kind: "clip-init"; clipId: string }
  | { kind: "clip-segment"; clipId: string; index: number; bytes: number }
  | { kind: "clip-fin"; clipId: string }
  | { kind: "clip-abort"; clipId: string }
  | { kind: "reply"; number: number };

export function newUplink(): UplinkState {
  return {
    phase: "waiting",
    connection: 0,
    attempt: 0,
    urlIndex: 0,
    failedAtMs: [],
    provedGood: false,
    nextToken: 1,
    inFlight: [],
    ackedAtMs: 0,
    assertions: 0,
    trouble: "",
  };
}

/** True when messages can be published now. */
export function isReady(turn: Turn): boolean {
  return turn.state.uplink.phase === "connected";
}

export function connect(turn: Turn): void {
  const { lifecycle, settings, uplink } = turn.state;
  if (lifecycle.phase !== "running" || uplink.phase === "connecting" || uplink.phase === "connected") return;
  const topics = topicsOf(settings.device.id);
  clearTimer(turn, "uplink.connect");
  uplink.phase = "connecting";
  uplink.provedGood = false;
  uplink.urlIndex = nextBroker(turn);
  uplink.connection += 1;
  act(turn, {
    type: "broker.connect",
    connection: uplink.connection,
    url: currentUrl(turn),
    clientId: settings.device.id,
    keepAliveS: settings.broker.keepAliveS,
    will: { topic: topics.status, text: statusText(turn, "offline") },
    subscriptions: subscriptionsOf(turn),
  });
}

export function connected(turn: Turn, input: BrokerConnected): boolean {
  const { uplink } = turn.state;
  if (input.connection !== uplink.connection || uplink.phase !== "connecting") return false;
  uplink.phase = "connected";
  uplink.trouble = "";
  uplink.inFlight = [];
  count(turn, "uplink.connections");
  say(turn, "info", "connected to the broker", { broker: currentUrl(turn), protocol: input.protocol });
  uplink.assertions = 0;
  sayOnline(turn);
  return true;
}

/** The connection is over. Answers false when it was not the current one. */
export function disconnected(turn: Turn, input: BrokerDisconnected): boolean {
  const { lifecycle, settings, uplink } = turn.state;
  if (input.connection !== uplink.connection || uplink.phase === "closed") return false;
  const trouble = `${input.cause}: ${input.detail}`;
  if (trouble !== uplink.trouble && lifecycle.phase === "running") {
    const level = input.cause === "refused" ? "error" : "warn";
    say(turn, level, `no broker: ${input.detail}`, { broker: currentUrl(turn), cause: input.cause });
  }
  uplink.trouble = trouble;
  uplink.phase = "waiting";
  uplink.inFlight = [];
  clearTimer(turn, "uplink.ack");
  clearTimer(turn, "uplink.status");
  if (lifecycle.phase !== "running") {
    uplink.phase = "closed";
    return true;
  }
  if (!uplink.provedGood) uplink.failedAtMs[uplink.urlIndex] = turn.now;
  const { reconnectMinMs, reconnectMaxMs } = settings.uplink;
  // Every broker is tried once before the pauses grow.
  const round = Math.floor(uplink.attempt / settings.broker.urls.length);
  setTimer(turn, "uplink.connect", turn.now + backOffMs(turn, round, reconnectMinMs, reconnectMaxMs));
  uplink.attempt += 1;
  return true;
}

/** A broker that failed is not tried before the others for so long. */
const FAILED_FOR_MS = 300_000;

/** The first in the list that has not failed lately; when all have, the one whose failure is longest ago. */
function nextBroker(turn: Turn): number {
  const { settings, uplink } = turn.state;
  const failedAt = settings.broker.urls.map((_, i) => uplink.failedAtMs[i] ?? null);
  const good = failedAt.findIndex((atMs) => atMs === null || turn.now - atMs >= FAILED_FOR_MS);
  return good >= 0 ? good : failedAt.indexOf(Math.min(...failedAt.map((atMs) => atMs ?? 0)));
}

/** A message as its channel has it declared. */
export function messageOn(
  channel: ChannelName,
  topic: string,
  payload: BrokerMessageOut["payload"],
): BrokerMessageOut {
  const { retain, payload: declared, expiryS } = CHANNELS[channel];
  return { topic, payload, retain, contentType: declared.contentType, expiryS };
}

/** Publishes at QoS 1; the acknowledgement comes back with this purpose. */
export function publish(turn: Turn, purpose: Purpose, message: BrokerMessageOut): void {
  const { settings, uplink } = turn.state;
  const token = uplink.nextToken++;
  const bytes = message.topic.length + payloadBytes(purpose, message) + PACKET_OVERHEAD_BYTES;
  const aheadBytes = uplink.inFlight.reduce((sum, one) => sum + one.bytes, bytes);
  const oldest = uplink.inFlight[0];
  const behindOthers = oldest !== undefined && oldest.sentAtMs < uplink.ackedAtMs;
  const aheadSinceMs = behindOthers ? uplink.ackedAtMs : (oldest?.sentAtMs ?? turn.now);
  uplink.inFlight.push({ token, sentAtMs: turn.now, bytes, aheadBytes, aheadSinceMs, behindOthers, purpose });
  act(turn, { type: "broker.publish", connection: uplink.connection, token, message });
  if (!timerRuns(turn, "uplink.ack")) setTimer(turn, "uplink.ack", turn.now + settings.uplink.ackTimeoutMs);
}

/** Takes a publish off the list: what it was, or null when it is not (or no longer) on its way. */
export function finishPublish(turn: Turn, connection: number, token: number): InFlight | null {
  const { uplink } = turn.state;
  if (connection !== uplink.connection) return null;
  const index = uplink.inFlight.findIndex((one) => one.token === token);
  const [done] = index < 0 ? [] : uplink.inFlight.splice(index, 1);
  uplink.ackedAtMs = turn.now;
  return done ?? null;
}

/** A connection that has acknowledged something is a good one. */
export function provedGood(turn: Turn): void {
  const { uplink } = turn.state;
  uplink.attempt = 0;
  uplink.provedGood = true;
  // Most connections prove good, and have no failure to forget.
  if (uplink.failedAtMs[uplink.urlIndex] !== undefined) uplink.failedAtMs[uplink.urlIndex] = null;
}

/** How many events of a lane are on their way. */
export function inFlight(turn: Turn, lane: Lane): number {
  return turn.state.uplink.inFlight.filter(({ purpose }) => purpose.kind === "event" && purpose.lane === lane)
    .length;
}

/** Whether so many bytes may be sent now: the window has room for them, or nothing but live presses is on its way. */
export function hasRoomFor(turn: Turn, bytes: number): boolean {
  const { commands, pacing, uplink } = turn.state;
  const onTheirWay = uplink.inFlight.reduce((sum, one) => sum + (isPaced(one.purpose) ? one.bytes : 0), 0);
  return onTheirWay === 0 || onTheirWay + bytes + commands.needsBytes <= pacing.windowBytes;
}

function isPaced(purpose: Purpose): boolean {
  return purpose.kind !== "event" || !purpose.live;
}

/** Fixed header, packet id, properties, and TCP's and IP's share. */
const PACKET_OVERHEAD_BYTES = 64;

function payloadBytes(purpose: Purpose, { payload }: BrokerMessageOut): number {
  if (payload.kind === "text") return payload.text.length;
  return "bytes" in purpose ? purpose.bytes : 0;
}

/** The oldest publish is due: without its acknowledgement the connection is worth nothing. */
export function ackTimerFired(turn: Turn): void {
  const { settings, uplink } = turn.state;
  const oldest = uplink.inFlight[0];
  if (!oldest || uplink.phase !== "connected") return;
  const dueMs = oldest.sentAtMs + settings.uplink.ackTimeoutMs;
  if (turn.now < dueMs) {
    setTimer(turn, "uplink.ack", dueMs);
    return;
  }
  count(turn, "uplink.ackTimeouts");
  uplink.provedGood = false;
  say(turn, "warn", "the broker does not acknowledge: connection ended", {
    waitedMs: turn.now - oldest.sentAtMs,
  });
  act(turn, { type: "broker.abandon", connection: uplink.connection });
}

export function publishStatus(turn: Turn, state: StatusMessage["state"]): void {
  publish(
    turn,
    { kind: "status", state },
    messageOn("status", topicsOf(turn.state.settings.device.id).status, {
      kind: "text",
      text: statusText(turn, state),
    }),
  );
}

const PUT_RIGHT_AFTER_MS = 1_000;
const ECHO_WITHIN_MS = 5_000;
const LONGEST_WAIT_FOR_ECHO_MS = 3_600_000;

/**
 * What is retained as our status came from the broker. An older will, or whatever else, is put right at most once a
 * second; our own echo is what shows that the broker keeps it.
 */
export function statusSeen(turn: Turn, text: string | null): void {
  if (!isReady(turn) || turn.state.lifecycle.phase !== "running") return;
  if (text === statusText(turn, "online")) {
    turn.state.uplink.assertions = 0;
    clearTimer(turn, "uplink.status");
  } else {
    setTimer(turn, "uplink.status", turn.now + PUT_RIGHT_AFTER_MS);
  }
}

export function statusTimerFired(turn: Turn): void {
  if (!isReady(turn) || turn.state.lifecycle.phase !== "running") return;
  count(turn, "uplink.statusAsserted");
  turn.state.uplink.assertions += 1;
  sayOnline(turn);
}

/** A broker may lose what it retains and tell nobody: it is said again, unless that is being awaited already. */
export function assertStatus(turn: Turn): void {
  if (!timerRuns(turn, "uplink.status") && turn.state.lifecycle.phase === "running") sayOnline(turn);
}

/** Says `online`, and again later if it does not come back: a broker may acknowledge and forget. */
function sayOnline(turn: Turn): void {
  const { lifecycle, uplink } = turn.state;
  publishStatus(turn, "online");
  if (lifecycle.mode !== "normal") return;
  const waitMs = Math.min(LONGEST_WAIT_FOR_ECHO_MS, ECHO_WITHIN_MS * 2 ** Math.min(uplink.assertions, 20));
  setTimer(turn, "uplink.status", turn.now + waitMs);
}

export function statusText(turn: Turn, state: StatusMessage["state"]): string {
  const { lifecycle, outbox, uplink } = turn.state;
  const message: StatusMessage = {
    state,
    epoch: lifecycle.epoch,
    connection: uplink.connection,
    epochNumber: lifecycle.epochNumber,
    mode: lifecycle.mode,
    store: outbox.store === "durable" ? "durable" : "memory",
  };
  return JSON.stringify(message);
}

function currentUrl(turn: Turn): string {
  const { settings, uplink } = turn.state;
  return settings.broker.urls[uplink.urlIndex] ?? "";
}
