import { REPLY_MEMORY } from "../contract/commands.ts";
import { topicsOf } from "../contract/topics.ts";
import type { Answered, OutgoingReply, ReplyAddress } from "./commands-state.ts";
import { count, say, type Turn } from "./turn.ts";
import { hasRoomFor, isReady, messageOn, publish } from "./uplink.ts";

/** Replies that wait for a connection, or for the one before them. */
const MOST_OUTGOING = 64;
/** A broker that ends the connection at every reply is not asked for ever. */
const MOST_TRIES = 5;
/** A reply's topic and correlation, and what packets cost. */
const OVERHEAD_BYTES = 256;

/** Sends a reply as soon as it can be sent, and again on later connections until it is acknowledged. Answers its number. */
export function sendReply(turn: Turn, requestId: string, to: ReplyAddress, text: string): number {
  const { commands } = turn.state;
  const waits = commands.outgoing.find(
    (reply) => reply.requestId === requestId && reply.text === text && isSame(reply.to, to),
  );
  if (waits) return waits.number;
  const number = ++commands.replies;
  commands.outgoing.push({ number, requestId, to, text, sinceMs: turn.now, tries: 0, sentOn: 0 });
  if (commands.outgoing.length > MOST_OUTGOING) {
    commands.outgoing.shift();
    count(turn, "commands.repliesDropped");
  }
  return number;
}

/**
 * Sends the next reply, one at a time: nothing but a live press goes before it, and it waits for its room in the
 * window like everything else.
 */
export function pumpReplies(turn: Turn): void {
  const { commands, uplink } = turn.state;
  if (commands.outgoing.length === 0) return;
  commands.needsBytes = 0;
  if (!isReady(turn)) return;
  dropWhere(turn, ({ sinceMs, tries, sentOn }) => {
    const isOver = tries >= MOST_TRIES && sentOn !== uplink.connection;
    return isOver || turn.now - sinceMs > REPLY_MEMORY.forMs;
  });
  const [next] = commands.outgoing;
  if (!next || commands.outgoing.some(({ sentOn }) => sentOn === uplink.connection)) return;
  const bytes = next.text.length + OVERHEAD_BYTES;
  if (!hasRoomFor(turn, bytes)) {
    commands.needsBytes = bytes;
    return;
  }
  // Perhaps it was the response topic for which the broker ended the connection.
  if (next.tries > 0) answerAtHome(turn, next);
  next.tries += 1;
  next.sentOn = uplink.connection;
  publish(
    turn,
    { kind: "reply", number: next.number },
    {
      ...messageOn("reply", next.to.topic, { kind: "text", text: next.text }),
      ...(next.to.correlation !== null && { correlation: next.to.correlation }),
    },
  );
}

export function replyAcked(turn: Turn, number: number): void {
  const { commands } = turn.state;
  commands.outgoing = commands.outgoing.filter((reply) => reply.number !== number);
}

/** The broker does not take it: on the doorbell's own topic it may. */
export function replyRefused(turn: Turn, number: number, detail: string): void {
  const { commands } = turn.state;
  const reply = commands.outgoing.find((one) => one.number === number);
  if (!reply) return;
  count(turn, "commands.repliesRefused");
  say(turn, "warn", `the broker refused a reply: ${detail}`, { requestId: reply.requestId });
  if (answerAtHome(turn, reply)) reply.sentOn = 0;
  else replyAcked(turn, number);
}

/** Remembers an answer, so that a repeated request gets the same. */
export function remember(turn: Turn, answer: Omit<Answered, "atMs">): void {
  const { commands } = turn.state;
  commands.answered.push({ ...answer, atMs: turn.now });
  let bytes = commands.answered.reduce((sum, { text }) => sum + text.length, 0);
  while (commands.answered.length > REPLY_MEMORY.most || bytes > REPLY_MEMORY.mostBytes) {
    bytes -= commands.answered.shift()?.text.length ?? 0;
  }
}

/** The answer that this request got before; undefined when that is not known any more. */
export function answerOf(turn: Turn, requestId: string): Answered | undefined {
  const { commands } = turn.state;
  commands.answered = commands.answered.filter(({ atMs }) => turn.now - atMs <= REPLY_MEMORY.forMs);
  return commands.answered.find((answer) => answer.requestId === requestId);
}

/** False when it was at home already. */
function answerAtHome(turn: Turn, reply: OutgoingReply): boolean {
  const topic = topicsOf(turn.state.settings.device.id).reply(reply.requestId);
  if (reply.to.topic === topic) return false;
  reply.to = { ...reply.to, topic };
  return true;
}

function dropWhere(turn: Turn, isOver: (reply: OutgoingReply) => boolean): void {
  const { commands } = turn.state;
  const left = commands.outgoing.filter((reply) => !isOver(reply));
  if (left.length === commands.outgoing.length) return;
  count(turn, "commands.repliesDropped", commands.outgoing.length - left.length);
  commands.outgoing = left;
}

function isSame(one: ReplyAddress, other: ReplyAddress): boolean {
  return one.topic === other.topic && one.correlation === other.correlation;
}
