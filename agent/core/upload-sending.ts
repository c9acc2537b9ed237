import { clipTopicsOf } from "../contract/file-transfer.ts";
import { eventsWait } from "./delivery.ts";
import { answerAwaited, storesFiles } from "./file-transfer.ts";
import { homeAssistantWaits } from "./home-assistant.ts";
import { pieceBytes } from "./pacing.ts";
import { act, type Turn } from "./turn.ts";
import { hasRoomFor, messageOn, publish } from "./uplink.ts";
import type { Piece, Upload } from "./upload.ts";

/** How many handles of a clip are asked for at a time. */
const LIST_LIMIT = 64;
/** A piece's topic, with its hash, and what packets cost. */
const PIECE_OVERHEAD_BYTES = 240;
/** Pieces that a broker which stores clips has not answered. */
const MOST_UNANSWERED = 64;

/** Sends what fits of one clip: `init`, its pieces in order, `fin`. */
export function pumpUpload(turn: Turn, upload: Upload): void {
  const topics = topicsFor(turn);
  const { clipId } = upload;
  if (!upload.initSent && upload.segments > 0) {
    upload.initSent = true;
    if (storesFiles(turn)) answerAwaited(turn);
    publish(
      turn,
      { kind: "clip-init", clipId },
      messageOn("clip-init", topics.init(clipId), { kind: "text", text: upload.initBody }),
    );
  }
  sendPieces(turn, upload);
  if (upload.known.length === 0 && upload.next < upload.segments && !upload.listing) {
    upload.listing = true;
    act(turn, { type: "clip.list-segments", clipId, fromIndex: upload.next, limit: LIST_LIMIT });
  }
  if (upload.whole && upload.next === upload.segments && !upload.finSent && isAnswered(turn, upload)) {
    upload.finSent = true;
    if (storesFiles(turn)) answerAwaited(turn);
    publish(
      turn,
      { kind: "clip-fin", clipId },
      messageOn("clip-fin", topics.fin(clipId, upload.whole.bytes, upload.whole.sha256), { kind: "empty" }),
    );
  }
}

/** A `fin` before everything else is stored would be refused, and all of it wanted once more. */
function isAnswered(turn: Turn, upload: Upload): boolean {
  return !storesFiles(turn) || (upload.initAnswered && upload.outstanding.length === 0);
}

function sendPieces(turn: Turn, upload: Upload): void {
  const { clipId } = upload;
  // What waits for room goes before what would take it.
  if (eventsWait(turn) || homeAssistantWaits(turn)) return;
  while (!upload.splitting && upload.unanswered.length < MOST_UNANSWERED) {
    const [again] = upload.again;
    const piece = again ?? upload.known[0];
    if (!piece) return;
    const { index, bytes } = piece;
    const partBytes = pieceBytes(turn);
    const tooLarge = !again && piece.whole && bytes > partBytes;
    if (!hasRoomFor(turn, (tooLarge ? partBytes : bytes) + PIECE_OVERHEAD_BYTES)) return;
    if (tooLarge) {
      upload.splitting = true;
      act(turn, { type: "clip.split-segment", clipId, index, partBytes });
      return;
    }
    if (again) upload.again.shift();
    else {
      upload.known.shift();
      upload.next = piece.last ? index + 1 : index;
      upload.outstanding.push(index);
    }
    sendPiece(turn, upload, piece);
  }
}

function sendPiece(turn: Turn, upload: Upload, piece: Piece): void {
  const { clipId } = upload;
  const { index, from, bytes, offset, sha256 } = piece;
  if (storesFiles(turn)) {
    upload.unanswered.push(piece);
    answerAwaited(turn);
  }
  publish(
    turn,
    { kind: "clip-segment", clipId, index, bytes },
    messageOn("clip-segment", topicsFor(turn).segment(clipId, offset, sha256), {
      kind: "segment",
      clipId,
      index,
      ...(!piece.whole && { part: { from, bytes } }),
    }),
  );
}

/** Nothing more comes of this clip. */
export function sendAbort(turn: Turn, clipId: string): void {
  publish(
    turn,
    { kind: "clip-abort", clipId },
    messageOn("clip-abort", topicsFor(turn).abort(clipId), { kind: "empty" }),
  );
}

function topicsFor({ state: { settings } }: Turn) {
  return clipTopicsOf(settings.clip.prefix, settings.device.id);
}
