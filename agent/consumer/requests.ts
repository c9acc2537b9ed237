import { type CommandMessage, faultInParams, type ReplyMessage } from "../contract/command-messages.ts";
import { COMMANDS, type CommandName, type CommandParams } from "../contract/commands.ts";
import { topicsOf } from "../contract/topics.ts";
import type { Outcome } from "./consumer.ts";

/** A request to be published: at QoS 1, never retained. */
export interface CommandRequest {
  deviceId: string;
  command: CommandName;
  requestId: string;
  topic: string;
  /** JSON text. */
  payload: string;
  /** For MQTT 5: the response topic, which is where the answer comes without one too; and seconds until it expires. */
  replyTopic: string;
  expiryS: number;
}

/** What became of a request. */
export type RequestOutcome =
  | { kind: "answered"; request: CommandRequest; reply: ReplyMessage }
  /** No answer came: the doorbell is not connected, listens to nobody (bell-only mode), or the link is slow. */
  | { kind: "unanswered"; request: CommandRequest };

/** What a link and a doorbell that waits for one may take beyond a command's own limit. */
const WAY_MS = 15_000;

/** @throws TypeError that says what is wrong with the parameters. */
export function buildRequest<N extends CommandName>(
  deviceId: string,
  command: N,
  /** Unique, 1 to 64 letters, digits, `_` and `-`; the same again is the same request, and done once. */
  requestId: string,
  params: CommandParams<N>,
  expiresAt?: string,
): CommandRequest {
  const fault = faultInParams(command, params);
  if (fault) throw new TypeError(`${command}: ${fault.field} ${fault.reason}`);
  const topics = topicsOf(deviceId);
  const message: CommandMessage = { requestId, params, ...(expiresAt !== undefined && { expiresAt }) };
  return {
    deviceId,
    command,
    requestId,
    topic: topics.command(command),
    payload: JSON.stringify(message),
    replyTopic: topics.reply(requestId),
    expiryS: Math.ceil((COMMANDS[command].limitMs + WAY_MS) / 1_000),
  };
}

/**
 * The requests that are under way and their answers, for any number of devices. Synchronous and without a clock of its
 * own. Subscribe to `reply/+` of the devices before you publish a request.
 */
export class Requests {
  readonly #underWay = new Map<string, { request: CommandRequest; dueMs: number }>();

  /** It is being published now. */
  sent(request: CommandRequest, nowMs: number): void {
    const dueMs = nowMs + COMMANDS[request.command].limitMs + WAY_MS;
    this.#underWay.set(keyOf(request.deviceId, request.requestId), { request, dueMs });
  }

  /** The request that this outcome of a `Consumer` answers; null for anything else, and for an answer that came before. */
  take(outcome: Outcome): RequestOutcome | null {
    if (outcome.kind !== "reply") return null;
    const { deviceId, reply } = outcome;
    const key = keyOf(deviceId, reply.requestId);
    const found = this.#underWay.get(key);
    if (!found) return null;
    this.#underWay.delete(key);
    return { kind: "answered", request: found.request, reply };
  }

  /** Those for which nothing came in time; they are forgotten. */
  takeUnanswered(nowMs: number): RequestOutcome[] {
    const late = [...this.#underWay].filter(([, { dueMs }]) => dueMs <= nowMs);
    for (const [key] of late) this.#underWay.delete(key);
    return late.map(([, { request }]) => ({ kind: "unanswered", request }));
  }

  /** When `takeUnanswered` has something next; null when nothing is under way. */
  get nextDueMs(): number | null {
    if (this.#underWay.size === 0) return null;
    return Math.min(...[...this.#underWay.values()].map(({ dueMs }) => dueMs));
  }
}

function keyOf(deviceId: string, requestId: string): string {
  return `${deviceId}/${requestId}`;
}
