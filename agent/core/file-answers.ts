import type { BrokerMessageIn } from "../../device/ports/broker.ts";
import {
  FILE_REASON,
  type FileAnswer,
  fileResponseTopic,
  parseFileResponse,
} from "../contract/file-transfer.ts";
import { answerCame, answersOverdue, pauseFileTransfer, storesFiles } from "./file-transfer.ts";
import { count, countAndSay, say, type Turn } from "./turn.ts";
import { isReady } from "./uplink.ts";
import { awaitsAnswer, awaitsOnlyFin, sendAgain, startAgain, takeAnswered, type Upload } from "./upload.ts";
import { cancelUpload, clipStored, giveUp, segmentStored, uploadOf } from "./uploads.ts";

/** A segment or `init` that is refused so often is refused for good; so is a clip that is wanted anew so often. */
const MOST_TRIES = 5;

/** What a broker that stores clips says of a command. Answers false when this is no message of its. */
export function fileAnswerSeen(turn: Turn, { topic, text }: BrokerMessageIn): boolean {
  if (!storesFiles(turn) || topic !== fileResponseTopic(turn.state.settings.device.id)) return false;
  const answer = text === null ? "not UTF-8, or too large" : parseFileResponse(text);
  if (typeof answer === "string")
    countAndSay(turn, "clips.answersRefused", `answer on a clip refused: ${answer}`);
  else take(turn, answer);
  return true;
}

/** Answers are missing for too long: what they are missing for is sent again, later. */
export function answerTimerFired(turn: Turn): void {
  const { active } = turn.state.uploads;
  const waiting = active.filter(awaitsAnswer);
  if (!isReady(turn) || !answersOverdue(turn, waiting.every(awaitsOnlyFin))) return;
  answerCame(turn, false);
  if (waiting.length === 0) return;
  count(turn, "clips.unanswered");
  for (const upload of waiting) sendAgain(upload);
  pauseFileTransfer(turn, "silent");
}

function take(turn: Turn, answer: FileAnswer): void {
  const upload = uploadOf(turn, answer.fileId);
  if (!upload || answer.command === "abort") return;
  const { fileTransfer, active } = turn.state.uploads;
  const { code } = answer;
  const said = answer.description.slice(0, 120);
  if (code === FILE_REASON.cancel) cancelUpload(turn, upload, `the broker cancelled it: ${said}`);
  else if (code === FILE_REASON.pause) pause(turn, upload, answer);
  else if (code === FILE_REASON.resendAll) anew(turn, upload, said);
  else if (code >= FILE_REASON.resend) refused(turn, upload, answer, said);
  else {
    fileTransfer.pauses = 0;
    accepted(turn, upload, answer);
  }
  answerCame(turn, active.some(awaitsAnswer));
}

function accepted(turn: Turn, upload: Upload, answer: FileAnswer): void {
  if (answer.command === "init") upload.initAnswered = true;
  else if (answer.command === "fin") {
    // One that was sent before all of it was wanted anew is not the last word.
    if (upload.finSent) clipStored(turn, upload);
  } else if (answer.command === "segment") {
    const piece = takeAnswered(upload, answer.offset);
    if (piece) segmentStored(turn, upload, piece.index);
  }
}

function refused(turn: Turn, upload: Upload, answer: FileAnswer, said: string): void {
  count(turn, "clips.refusedAnswers");
  if (answer.command === "fin") {
    if (upload.finSent) anew(turn, upload, said);
    return;
  }
  if (answer.command === "init") {
    upload.initTries += 1;
    upload.initSent = false;
    if (upload.initTries >= MOST_TRIES) giveUp(turn, upload, `the broker refuses its init: ${said}`);
    return;
  }
  if (answer.command !== "segment") return;
  const piece = takeAnswered(upload, answer.offset);
  if (!piece) return;
  piece.tries += 1;
  upload.again.push(piece);
  if (piece.tries >= MOST_TRIES) giveUp(turn, upload, `the broker refuses a segment of it: ${said}`);
}

/** EIP-0021: the client is expected to wait before it tries again. */
function pause(turn: Turn, upload: Upload, answer: FileAnswer): void {
  count(turn, "clips.pauses");
  if (answer.command === "init") upload.initSent = false;
  else if (answer.command === "fin") upload.finSent = false;
  else if (answer.command === "segment") {
    const piece = takeAnswered(upload, answer.offset);
    if (piece) upload.again.push(piece);
  }
  pauseFileTransfer(turn, "asked");
}

function anew(turn: Turn, upload: Upload, said: string): void {
  upload.rounds += 1;
  if (upload.rounds >= MOST_TRIES) {
    giveUp(turn, upload, `the broker cannot put it together: ${said}`);
    return;
  }
  say(turn, "warn", `the broker asks for all of a clip: ${said}`, { clipId: upload.clipId });
  startAgain(upload, 0);
}
