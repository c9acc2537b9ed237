import { COMMANDS } from "../../agent/contract/commands.ts";
import type { Checker, CommandSeen, Evidence } from "./evidence.ts";

/** How far a synced clock may be from the truth, and a drifting one further. */
const CLOCK_ERROR_MS = 1_200;
const SLACK_MS = 1_000;

interface Reply {
  requestId: string;
  outcome: string;
}

/**
 * Whatever is asked of a doorbell, and however often it comes, is done at most once in each of its starts, and a restart
 * only once in all of them; it gets one answer, and on a connection that lasts it gets it in time. Nothing is done that
 * had expired or was retained, and nothing that is asked for is recorded as a press.
 */
export const commands: Checker = {
  name: "commands",
  check(evidence) {
    return [...doneWrongly(evidence), ...answeredWrongly(evidence), ...unanswered(evidence)];
  },
};

function doneWrongly({ requests, commandsSeen, lies, powerOns }: Evidence): string[] {
  const wrong: string[] = [];
  const done = new Map<string, number>();
  for (const { requestId, name, powerOn, atMs, effects, presses, retained, synced } of commandsSeen) {
    if (presses > 0) wrong.push(`${name} ${requestId} at ${atMs} was recorded as a press`);
    if (effects === 0) continue;
    // A restart that the power forestalled was none.
    const isRestart = name === "restart" && powerOns[powerOn]?.end === "stopped";
    const key = isRestart ? requestId : `${powerOn}/${requestId}`;
    done.set(key, (done.get(key) ?? 0) + effects);
    const asked = requests.find((request) => request.requestId === requestId);
    if (!asked) wrong.push(`${name} ${requestId} was done at ${atMs}, and nobody had asked for it`);
    if (retained) wrong.push(`${name} ${requestId} was done at ${atMs}, and it was retained`);
    const expiresAtMs = asked?.expiresAtMs ?? null;
    if (expiresAtMs === null || lies.length > 0) continue;
    if (!synced) wrong.push(`${name} ${requestId} was done at ${atMs} on a guess of the time`);
    else if (atMs > expiresAtMs + CLOCK_ERROR_MS)
      wrong.push(`${name} ${requestId} was done at ${atMs}, and had expired at ${expiresAtMs}`);
  }
  for (const [key, effects] of done) if (effects > 1) wrong.push(`${key} was done ${effects} times`);
  return wrong;
}

/** Refusals of what was retained come beside the answer to what was not. */
function answeredWrongly({ attempts }: Evidence): string[] {
  const texts = new Map<string, Set<string>>();
  for (const { message, powerOn } of attempts) {
    const reply = replyIn(message);
    if (!reply || message.text?.includes('"code":"retained"')) continue;
    const key = `${powerOn}/${reply.requestId}`;
    texts.set(key, (texts.get(key) ?? new Set()).add(message.text ?? ""));
  }
  return [...texts]
    .filter(([, answers]) => answers.size > 1)
    .map(([key, answers]) => `${key} got ${answers.size} answers: ${[...answers].join(" ")}`);
}

function unanswered(evidence: Evidence): string[] {
  return evidence.commandsSeen
    .filter((seen) => !isAnswered(evidence, seen))
    .map(({ name, requestId, atMs }) => `${name} ${requestId} came at ${atMs} and was not answered in time`);
}

/** Only on a connection that lasts an answer can be given; one that waits for an acknowledgement holds others up. */
function isAnswered({ attempts, connectionEnds, powerOns, settings }: Evidence, seen: CommandSeen): boolean {
  const { limitMs } = COMMANDS[seen.name];
  const dueMs = seen.atMs + limitMs + settings.uplink.ackTimeoutMs + SLACK_MS;
  const endMs = powerOns[seen.powerOn]?.toMs ?? Number.POSITIVE_INFINITY;
  if (endMs <= dueMs) return true;
  if (
    connectionEnds.some(({ powerOn, atMs }) => powerOn === seen.powerOn && seen.atMs <= atMs && atMs <= dueMs)
  )
    return true;
  return attempts.some(
    ({ message, powerOn, atMs }) =>
      powerOn === seen.powerOn && atMs <= dueMs && replyIn(message)?.requestId === seen.requestId,
  );
}

function replyIn({ topic, text }: { topic: string; text: string | null }): Reply | null {
  return text !== null && topic.includes("/reply/") ? (JSON.parse(text) as Reply) : null;
}
