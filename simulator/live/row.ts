import { printable } from "./text.ts";

/** A piece of a line: its text, and how that is coloured. */
export type Piece = string | { text: string; style: (text: string) => string };

/** Joins pieces to a line of at most `columns`, cut with an ellipsis; the text is made printable first. */
export function row(pieces: readonly Piece[], columns: number): string {
  let room = columns;
  let line = "";
  for (const piece of pieces) {
    const { text, style } = typeof piece === "string" ? { text: piece, style: plain } : piece;
    const clean = printable(text);
    const width = widthOf(clean);
    if (width <= room) {
      line += style(clean);
      room -= width;
      continue;
    }
    return room < 1 ? line : line + style(`${cut(clean, room - 1)}…`);
  }
  return line;
}

/** Cells that a text takes on a terminal: East Asian wide characters and emoji take two. */
export function widthOf(text: string): number {
  let width = 0;
  for (const character of text) width += WIDE.test(character) ? 2 : 1;
  return width;
}

/** Unicode Standard Annex 11, as far as file names and messages have it. */
const WIDE =
  /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;

function cut(text: string, room: number): string {
  let kept = "";
  let width = 0;
  for (const character of text) {
    width += widthOf(character);
    if (width > room) break;
    kept += character;
  }
  return kept;
}

function plain(text: string): string {
  return text;
}
