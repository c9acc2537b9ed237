import { type CommandRefusal, REPLY_MAX_BYTES, type ReplyMessage } from "../contract/command-messages.ts";
import type { RefusalCode } from "../contract/commands.ts";
import type { ReplyAddress, UnderWay, Waits } from "./commands-state.ts";
import type { Started } from "./inputs.ts";
import { remember, sendReply } from "./replies.ts";
import { clearTimer, setTimer } from "./timers.ts";
import { count, type Turn } from "./turn.ts";

/** How a request ends. `field`: where in the request the trouble is; empty for nowhere. */
export type Outcome =
  | { kind: "done"; result: object }
  | { kind: "refused"; refusal: { code: RefusalCode; field: string; reason: string } };

/** It is answered, or waits for something that has been begun. */
export type Begun = Outcome | { kind: "waits"; waits: Waits };

const MOST_RESTARTS_KNOWN = 16;
const MOST_CRASHES_TOLD = 3;

export function refusedAs(code: RefusalCode, reason: string, field = ""): Outcome & { kind: "refused" } {
  return { kind: "refused", refusal: { code, field, reason } };
}

/** What the process before this one has left a note of. */
export function knowEarlierRuns(turn: Turn, { restarts = [], crashes = [] }: Started): void {
  const { commands } = turn.state;
  commands.restarted = restarts.slice(-MOST_RESTARTS_KNOWN);
  commands.crashes = crashes
    .slice(-MOST_CRASHES_TOLD)
    .map(({ utcMs, reason }) => ({ utcMs, reason: reason.slice(0, 200) }));
}

/** What a request waited for has come to an end. */
export function finishCommand(turn: Turn, request: UnderWay, outcome: Outcome): void {
  const { commands } = turn.state;
  commands.underWay = commands.underWay.filter((one) => one !== request);
  watchLimits(turn);
  conclude(turn, request, outcome);
}

/** Some requests have taken too long. */
export function limitTimerFired(turn: Turn): void {
  for (const request of turn.state.commands.underWay.filter(({ dueMs }) => dueMs <= turn.now)) {
    count(turn, "commands.timedOut");
    finishCommand(turn, request, refusedAs("timed-out", waitedFor(request)));
  }
  watchLimits(turn);
}

/** The agent ends: nobody is left without an answer. */
export function refuseAllUnderWay(turn: Turn): void {
  for (const request of turn.state.commands.underWay)
    finishCommand(turn, request, refusedAs("unavailable", "the agent is stopping"));
}

/** Answers a request, and remembers how. */
export function conclude(
  turn: Turn,
  request: { requestId: string; command: string; to: ReplyAddress; content: string },
  outcome: Outcome,
): number {
  const { requestId, content, to } = request;
  const text = replyText(turn, request, outcome);
  remember(turn, { requestId, content, text });
  return sendReply(turn, requestId, to, text);
}

/** Answers what is answered the same whenever it comes. */
export function answer(
  turn: Turn,
  { requestId, command, to }: { requestId: string; command: string; to: ReplyAddress },
  outcome: Outcome,
): void {
  sendReply(turn, requestId, to, replyText(turn, { requestId, command }, outcome));
}

/** @throws Error when the reply is larger than the wire allows: a bug of whoever made its result. */
function replyText(
  turn: Turn,
  { requestId, command }: { requestId: string; command: string },
  outcome: Outcome,
): string {
  const head = { requestId, command };
  if (outcome.kind === "refused") return JSON.stringify(refusal(turn, head, outcome.refusal));
  const message: ReplyMessage = {
    ...head,
    outcome: "done",
    result: outcome.kind === "done" ? outcome.result : {},
  };
  const text = JSON.stringify(message);
  if (text.length > REPLY_MAX_BYTES) throw new Error(`reply to ${command} of ${text.length} characters`);
  return text;
}

function refusal(
  turn: Turn,
  head: { requestId: string; command: string },
  told: { code: RefusalCode; field: string; reason: string },
): ReplyMessage {
  count(turn, "commands.refused");
  count(turn, `commands.refused.${told.code}`);
  const cut: CommandRefusal = { ...told, field: told.field.slice(0, 200), reason: told.reason.slice(0, 200) };
  return { ...head, outcome: "refused", refusal: cut };
}

function waitedFor({ waits }: UnderWay): string {
  switch (waits.for) {
    case "still":
      return "no picture came";
    case "clip":
      return "the clip did not open";
    case "clips":
      return "the store of clips did not answer";
    case "event": {
      const seen = (ms: number | null, what: string) => `${ms === null ? "not " : ""}${what}`;
      return `the event was ${seen(waits.storedMs, "stored")}, ${seen(waits.publishedMs, "acknowledged")}, not settled`;
    }
  }
}

/** The first time limit that is over is looked at when it is. */
export function watchLimits(turn: Turn): void {
  const { underWay } = turn.state.commands;
  if (underWay.length === 0) clearTimer(turn, "commands.limit");
  else setTimer(turn, "commands.limit", Math.min(...underWay.map(({ dueMs }) => dueMs)));
}
