import type { BrokerMessageIn } from "../../device/ports/broker.ts";
import { faultInParams, type ReadCommand, readCommand } from "../contract/command-messages.ts";
import { COMMANDS, type CommandName, isCommand } from "../contract/commands.ts";
import { mayAnswerOn, topicsOf } from "../contract/topics.ts";
import { answer, conclude, type Outcome, refusedAs, watchLimits } from "./command-ends.ts";
import { beginWork } from "./command-work.ts";
import type { ReplyAddress } from "./commands-state.ts";
import { restartAfterReply } from "./lifecycle.ts";
import { answerOf, sendReply } from "./replies.ts";
import { utcAt } from "./time.ts";
import { count, countAndSay, say, type Turn } from "./turn.ts";

/** Requests that are being done at the same time; further ones are refused. */
const MOST_UNDER_WAY = 8;
const MOST_CORRELATION = 1_024;
const MINUTE_MS = 60_000;

type Request = Extract<ReadCommand, { kind: "command" }>;

/**
 * Somebody asks for something, by the last level of a topic of `command/`. A request is done at most once, and every
 * repetition of it gets the same answer. What nobody could be answered for changes nothing but a counter.
 */
export function commandArrived(turn: Turn, name: string, input: BrokerMessageIn): void {
  const read: ReadCommand =
    input.text === null ? { kind: "nothing", reason: "not UTF-8, or too large" } : readCommand(input.text);
  if (read.kind === "nothing" || !/^[a-z-]{1,32}$/.test(name)) {
    const reason = read.kind === "nothing" ? read.reason : "no name of a command";
    countAndSay(turn, "commands.malformed", `command refused: ${reason}`, { bytes: input.bytes });
    return;
  }
  const { requestId } = read;
  const to = addressFor(turn, requestId, input);
  const asked = { requestId, command: name, to };
  if (!isCommand(name)) return answer(turn, asked, refusedAs("unknown-command", `there is no ${name}`));
  if (read.kind === "faulty")
    return answer(turn, asked, refusedAs("bad-request", read.fault.reason, read.fault.field));
  const content = JSON.stringify([name, read.params]);
  if (wasAskedBefore(turn, asked, content)) return;
  const never = neverAllowed(turn, name, read, input);
  if (never) return answer(turn, asked, never);
  if (name === "restart" && turn.state.commands.restarted.includes(requestId))
    return answer(turn, asked, { kind: "done", result: {} });
  const refusal = notNow(turn, read, input);
  if (refusal) conclude(turn, { ...asked, content }, refusal);
  else begin(turn, name, read, { to, content });
}

function begin(
  turn: Turn,
  name: CommandName,
  { requestId, params }: Request,
  { to, content }: { to: ReplyAddress; content: string },
): void {
  const { commands } = turn.state;
  count(turn, `commands.${name}`);
  say(turn, "info", `asked to ${name}`, { requestId });
  const outcome = beginWork(turn, name, requestId, params);
  if (outcome.kind !== "waits") {
    const reply = conclude(turn, { requestId, command: name, to, content }, outcome);
    if (name === "restart" && outcome.kind === "done") restartAfterReply(turn, requestId, reply);
    return;
  }
  const dueMs = turn.now + COMMANDS[name].limitMs;
  commands.underWay.push({
    requestId,
    command: name,
    content,
    to,
    sinceMs: turn.now,
    dueMs,
    waits: outcome.waits,
  });
  watchLimits(turn);
}

/** A repetition is answered as before, or when what it repeats is answered. */
function wasAskedBefore(
  turn: Turn,
  asked: { requestId: string; command: string; to: ReplyAddress },
  content: string,
): boolean {
  const { requestId, to } = asked;
  const before = answerOf(turn, requestId);
  const underWay = turn.state.commands.underWay.find((request) => request.requestId === requestId);
  const known = before ?? underWay;
  if (!known) return false;
  if (known.content !== content)
    answer(turn, asked, refusedAs("conflict", "it was used for another request", "/requestId"));
  else {
    count(turn, "commands.repeated");
    if (before) sendReply(turn, requestId, to, before.text);
  }
  return true;
}

/** What would be refused whenever it came: nothing of that needs to be remembered. */
function neverAllowed(turn: Turn, name: CommandName, read: Request, input: BrokerMessageIn): Outcome | null {
  const { allow } = turn.state.settings.commands;
  const declared = COMMANDS[name];
  if (!allow.includes(declared.class))
    return refusedAs("not-allowed", `commands.allow has no "${declared.class}"`);
  const fault = faultInParams(name, read.params);
  if (fault) return refusedAs("bad-request", fault.reason, fault.field);
  if ((input.correlation?.length ?? 0) > MOST_CORRELATION)
    return refusedAs("bad-request", `Correlation Data of more than ${MOST_CORRELATION} characters in base64`);
  if (input.retain) return refusedAs("retained", "publish it without the retain flag");
  return null;
}

function notNow(turn: Turn, read: Request, input: BrokerMessageIn): Outcome | null {
  const { commands, lifecycle, settings } = turn.state;
  if (lifecycle.phase !== "running" || commands.restart)
    return refusedAs("unavailable", "the agent is stopping");
  if (lifecycle.mode !== "normal") return refusedAs("unavailable", "bell-only mode");
  const late = tooLate(turn, read, input);
  if (late !== null) return refusedAs("too-late", late, read.expiresAtMs === null ? "" : "/expiresAt");
  commands.recentMs = commands.recentMs.filter((atMs) => turn.now - atMs < MINUTE_MS);
  const most = settings.commands.maxPerMinute;
  if (commands.recentMs.length >= most) return refusedAs("busy", `more than ${most} commands in a minute`);
  if (commands.underWay.length >= MOST_UNDER_WAY)
    return refusedAs("busy", `${MOST_UNDER_WAY} commands are under way`);
  commands.recentMs.push(turn.now);
  return null;
}

/** An age that cannot be known is too old: nothing is done on a guess. */
function tooLate(turn: Turn, { expiresAtMs }: Request, input: BrokerMessageIn): string | null {
  const waitedMs = turn.now - input.occurredAt;
  if (input.expiryS !== undefined && waitedMs > input.expiryS * 1_000) return "its message has expired";
  if (expiresAtMs === null) return null;
  if (turn.state.time.trust !== "synced")
    return "the clock is not synced: whether it has expired is not known";
  const lateMs = utcAt(turn, turn.now) - expiresAtMs;
  return lateMs > 0 ? `it expired ${lateMs} ms ago` : null;
}

/** The response topic where it is one to answer on, else the doorbell's own. */
function addressFor(turn: Turn, requestId: string, input: BrokerMessageIn): ReplyAddress {
  const deviceId = turn.state.settings.device.id;
  const { responseTopic, correlation = null } = input;
  const isBearable = (correlation?.length ?? 0) <= MOST_CORRELATION;
  const to = { topic: topicsOf(deviceId).reply(requestId), correlation: isBearable ? correlation : null };
  if (responseTopic === undefined) return to;
  if (mayAnswerOn(responseTopic, deviceId)) return { ...to, topic: responseTopic };
  countAndSay(turn, "commands.badResponseTopic", "response topic refused: answered on reply/", { requestId });
  return to;
}
