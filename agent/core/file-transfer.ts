import { setTimer, timerRuns } from "./timers.ts";
import { say, type Turn } from "./turn.ts";

/**
 * A broker that stores clips itself answers each command after its PUBACK, and may ask to wait. Its answers may also
 * never come: EMQX has this off by default, and a listener with a mountpoint breaks it without a word.
 */
export interface FileTransferState {
  /** Since when an answer is missing; null while none is. */
  waitingSinceMs: number | null;
  /** Pauses in a row, whoever asked for them. */
  pauses: number;
}

/** An answer to a segment takes as long as a disk does. */
const ANSWER_WITHIN_MS = 30_000;
/** EMQX gives itself five minutes to put a file together (`assemble_timeout`). */
const FIN_WITHIN_MS = 330_000;
const SHORTEST_PAUSE_MS = 10_000;
/** EIP-0021 as it was first: doubled up to so much. */
const LONGEST_ASKED_PAUSE_MS = 80_000;
const LONGEST_SILENT_PAUSE_MS = 3_600_000;

export function newFileTransfer(): FileTransferState {
  return { waitingSinceMs: null, pauses: 0 };
}

/** The broker stores clips itself. */
export function storesFiles({ state: { settings } }: Turn): boolean {
  return settings.clip.prefix === "$file-async";
}

/** Nothing of a clip is sent meanwhile. */
export function uploadsPause(turn: Turn): boolean {
  return timerRuns(turn, "uploads.resume");
}

/** Waits before anything of a clip is sent again, twice as long each time. */
export function pauseFileTransfer(turn: Turn, why: "asked" | "silent"): void {
  if (uploadsPause(turn)) return;
  const { fileTransfer: own } = turn.state.uploads;
  const longestMs = why === "asked" ? LONGEST_ASKED_PAUSE_MS : LONGEST_SILENT_PAUSE_MS;
  const pauseMs = Math.min(longestMs, SHORTEST_PAUSE_MS * 2 ** Math.min(own.pauses, 20));
  own.pauses += 1;
  setTimer(turn, "uploads.resume", turn.now + pauseMs);
  const level = why === "asked" ? "info" : "error";
  const what = why === "asked" ? "asks to pause" : "does not answer: is its file transfer switched on?";
  say(turn, level, `the broker that stores clips ${what}`, { pauseMs });
}

/** A command was sent that the broker will answer. */
export function answerAwaited(turn: Turn): void {
  const { fileTransfer: own } = turn.state.uploads;
  own.waitingSinceMs ??= turn.now;
  if (!timerRuns(turn, "uploads.answer")) setTimer(turn, "uploads.answer", turn.now + ANSWER_WITHIN_MS);
}

/** An answer came; `more` are missing still. */
export function answerCame(turn: Turn, more: boolean): void {
  turn.state.uploads.fileTransfer.waitingSinceMs = more ? turn.now : null;
}

/** Whether the time for an answer is over. While it is not, it is asked again. */
export function answersOverdue(turn: Turn, onlyFin: boolean): boolean {
  const { waitingSinceMs } = turn.state.uploads.fileTransfer;
  if (waitingSinceMs === null) return false;
  const dueMs = waitingSinceMs + (onlyFin ? FIN_WITHIN_MS : ANSWER_WITHIN_MS);
  if (turn.now >= dueMs) return true;
  setTimer(turn, "uploads.answer", dueMs);
  return false;
}
