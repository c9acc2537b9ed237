/** The file is not a clip, or not the clip its manifest tells of. Whoever sent it must act. */
export class ClipFormatError extends Error {
  override readonly name = "ClipFormatError";
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
