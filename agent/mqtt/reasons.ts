import { ReasonCodes } from "mqtt";
import type { BrokerDisconnected } from "../../device/ports/broker.ts";
import type { SendAnswer } from "./send-queue.ts";

/** Why a connection ended, for `broker.disconnected`. */
export type Ending = Pick<BrokerDisconnected, "cause" | "detail">;

/** A refusal that passes by itself: server unavailable (3.1.1 §3.2.2.3), unavailable, busy, rate exceeded (5 §3.2.2.2). */
const PASSING = new Set([0x03, 0x88, 0x89, 0x9f]);
/** A DISCONNECT that says no to this client: not authorized, banned, by an administrator (5 §3.14.2.1). */
const UNWANTED = new Set([0x87, 0x8a, 0x98]);
const SOCKET_WORDS: Record<string, string> = {
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was reset",
  EPIPE: "the connection was reset",
  EHOSTUNREACH: "no route to it",
  ENETUNREACH: "no network",
  ENOTFOUND: "its name is not known",
  EAI_AGAIN: "its name cannot be looked up now",
  ETIMEDOUT: "it does not answer",
};

/** The end that an error of MQTT.js or of the socket means. `detail` is what `describeError` made of it. */
export function endingOfError(where: string, error: unknown, detail: string, opening: boolean): Ending {
  const code = codeOf(error);
  if (!opening) return { cause: "closed", detail: `${where}: ${detail}` };
  if (typeof code !== "number")
    return { cause: isWrongPath(error) ? "refused" : "unreachable", detail: `${where}: ${detail}` };
  return {
    cause: PASSING.has(code) ? "unreachable" : "refused",
    detail: `${where} refused the connection: ${reasonWords(code)}`,
  };
}

/** The other side cut the connection. */
export function isReset(error: unknown): boolean {
  return ["ECONNRESET", "EPIPE"].includes(String(codeOf(error)));
}

/** A websocket's server knows no broker at the path, or lets nobody in (RFC 9110 §15.5). 408 and 429 pass. */
function isWrongPath(error: unknown): boolean {
  return error instanceof Error && /^Unexpected server response: 4(?!08|29)/.test(error.message);
}

/** The end that a DISCONNECT from the broker means (MQTT 5 §3.14.2.1). */
export function endingOfDisconnect(where: string, reasonCode: number): Ending {
  const why = reasonCode === 0 ? "" : `: ${reasonWords(reasonCode)}`;
  return {
    cause: UNWANTED.has(reasonCode) ? "refused" : "closed",
    detail: `${where} ended the connection${why}`,
  };
}

/** What a failed publish means: a reason code of a PUBACK is an answer, anything else is the connection's end. */
export function answerOf(error: unknown): SendAnswer | "lost" {
  const code = codeOf(error);
  if (typeof code !== "number" || code < 0x80) return "lost";
  return { cause: "refused", detail: `the broker refused it: ${reasonWords(code)}`, reasonCode: code };
}

/** One line of at most 200 characters for a person, in which `secret` does not appear. */
export function describeError(error: unknown, secret: string): string {
  const code = codeOf(error);
  const message = error instanceof Error ? error.message : String(error);
  const words = typeof code === "string" ? (SOCKET_WORDS[code] ?? message) : message;
  const line = `${words || "failed"}${typeof code === "string" ? ` (${code})` : ""}`;
  const printable = [...line].map((character) => (character < " " ? " " : character)).join("");
  return (secret === "" ? printable : printable.replaceAll(secret, "…")).slice(0, 200);
}

function reasonWords(code: number): string {
  const words: Record<number, string> = ReasonCodes;
  return `${words[code] ?? "unknown reason"} (0x${code.toString(16).padStart(2, "0")})`;
}

function codeOf(error: unknown): string | number | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "string" || typeof error.code === "number" ? error.code : null;
}
