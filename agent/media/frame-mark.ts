/**
 * The mark in every picture of the `test` source: two rows of black and white blocks along the bottom edge, the
 * frame's number above and its time of capture below. Each row is 1 0, 32 bits of the value, 8 bits of the value
 * modulo 251, 0 1; the highest bit comes first. Drawing and reading share this file, so that they cannot drift apart.
 */
export const MARK = { columns: 44, rows: 2, valueBits: 32, checkBits: 8, checkModulus: 251 } as const;

/** A rectangle of whole, even pixels. */
export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where the mark stands in a picture, and the band around it. */
export function markLayout(widthPx: number, heightPx: number): { blocks: Rectangle; band: Rectangle } {
  const row = Math.min(widthPx / 64, heightPx / 14);
  const width = even((widthPx * MARK.columns) / 48);
  const height = even(row * MARK.rows);
  const margin = even(row * 0.4);
  const blocks = { x: even((widthPx - width) / 2), y: heightPx - margin - height, width, height };
  const band = height + 2 * margin;
  return { blocks, band: { x: 0, y: heightPx - band, width: widthPx, height: band } };
}

/**
 * The luminance of the mark's pixel (X, Y), one pixel a block, as an expression of ffmpeg's `geq` filter for frames
 * whose T is the time of capture in UTC seconds and whose N is their number.
 */
export function markExpression(): string {
  const { columns, valueBits, checkBits, checkModulus } = MARK;
  const value = `if(eq(Y,0),N,mod(floor(T*1000+0.5),${2 ** 32}))`;
  const valueEnd = 2 + valueBits;
  const bit = (of: string, lowest: number) => `mod(floor((${of})/pow(2,${lowest}-X)),2)`;
  const check = bit(`mod(${value},${checkModulus})`, valueEnd + checkBits - 1);
  return `255*if(lt(X,2),eq(X,0),if(lt(X,${valueEnd}),${bit(value, valueEnd - 1)},if(lt(X,${valueEnd + checkBits}),${check},eq(X,${columns - 1}))))`;
}

/** What a mark says. */
export interface FrameMark {
  /** Counts from 0 at the start of the capture. */
  frame: number;
  capturedUtcMs: number;
}

/**
 * Reads the mark of a picture of the `test` source, of its own size or scaled with its aspect kept. The mark holds
 * UTC modulo 2³² ms (49 days): `nearUtcMs` says which. Null when there is no mark or it does not check.
 */
export function readFrameMark(
  gray: Uint8Array,
  widthPx: number,
  heightPx: number,
  nearUtcMs: number,
): FrameMark | null {
  const frame = readRow(gray, widthPx, heightPx, 0);
  const time = readRow(gray, widthPx, heightPx, 1);
  if (frame === null || time === null) return null;
  const period = 2 ** 32;
  return { frame, capturedUtcMs: time + period * Math.round((nearUtcMs - time) / period) };
}

/** Least difference between black and white. */
const MIN_CONTRAST = 64;

function readRow(gray: Uint8Array, widthPx: number, heightPx: number, row: number): number | null {
  const { columns, valueBits, checkBits, checkModulus } = MARK;
  const { blocks } = markLayout(widthPx, heightPx);
  const levels = Array.from({ length: columns }, (_, column) =>
    blockLevel(gray, widthPx, blocks, column, row),
  );
  const at = (column: number) => levels[column] ?? 0;
  const white = Math.min(at(0), at(columns - 1));
  const black = Math.max(at(1), at(columns - 2));
  if (white - black < MIN_CONTRAST) return null;
  const threshold = (white + black) / 2;
  const number = (from: number, bits: number) =>
    levels.slice(from, from + bits).reduce((value, level) => value * 2 + (level > threshold ? 1 : 0), 0);
  const value = number(2, valueBits);
  return number(2 + valueBits, checkBits) === value % checkModulus ? value : null;
}

/** Mean of the middle of a block: its edges are blurred by scaling and compression. */
function blockLevel(
  gray: Uint8Array,
  widthPx: number,
  blocks: Rectangle,
  column: number,
  row: number,
): number {
  const span = (from: number, size: number, count: number, index: number): [number, number] => {
    const step = size / count;
    const first = Math.floor(from + step * (index + 0.3));
    return [first, Math.max(first + 1, Math.floor(from + step * (index + 0.7)))];
  };
  const [left, right] = span(blocks.x, blocks.width, MARK.columns, column);
  const [top, bottom] = span(blocks.y, blocks.height, MARK.rows, row);
  let sum = 0;
  for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) sum += gray[y * widthPx + x] ?? 0;
  return sum / ((right - left) * (bottom - top));
}

function even(size: number): number {
  return Math.max(2, Math.round(size / 2) * 2);
}
