/** Corners in thousandths of the picture's width and height, from its upper left corner. */
export type Polygon = readonly { x: number; y: number }[];

/**
 * Reads corners written as `x,y x,y …`.
 * @throws RangeError when they are not at least three pairs of whole numbers from 0 to 1000.
 */
export function parsePolygon(text: string): Polygon {
  const corners = text.split(" ").map((corner) => {
    const match = /^(\d{1,4}),(\d{1,4})$/.exec(corner);
    const [x, y] = [Number(match?.[1]), Number(match?.[2])];
    if (!(x <= 1_000 && y <= 1_000)) throw new RangeError(`not a corner: ${JSON.stringify(corner)}`);
    return { x, y };
  });
  if (corners.length < 3) throw new RangeError("a polygon has at least three corners");
  return corners;
}

/**
 * Which pixels of a picture the polygons cover, row by row: 1 for each that one of them touches, and for its
 * neighbours in the same square of `blockPx`, so that colours that are stored coarser do not shine through.
 */
export function coverage(
  polygons: readonly Polygon[],
  size: { widthPx: number; heightPx: number },
  blockPx = 1,
): Uint8Array {
  const covered = new Uint8Array(size.widthPx * size.heightPx);
  for (const polygon of polygons) {
    const corners = polygon.map(({ x, y }) => ({
      x: (x * size.widthPx) / 1_000,
      y: (y * size.heightPx) / 1_000,
    }));
    const edges = corners.map((from, i) => ({ from, to: corners[(i + 1) % corners.length] ?? from }));
    const mark = (x: number, y: number) => markBlock(covered, size, blockPx, x, y);
    for (const edge of edges) markEdge(edge, mark);
    markInside(edges, size, blockPx, mark);
  }
  return covered;
}

interface Edge {
  from: { x: number; y: number };
  to: { x: number; y: number };
}

/** Half a pixel at a time, and half a pixel to each side: no pixel that the edge touches is missed. */
function markEdge({ from, to }: Edge, mark: (x: number, y: number) => void): void {
  const steps = Math.ceil(2 * Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y), 1));
  for (let i = 0; i <= steps; i++) {
    const x = from.x + ((to.x - from.x) * i) / steps;
    const y = from.y + ((to.y - from.y) * i) / steps;
    for (const [dx, dy] of [
      [-0.5, -0.5] as const,
      [0.5, -0.5] as const,
      [-0.5, 0.5] as const,
      [0.5, 0.5] as const,
    ])
      mark(x + dx, y + dy);
  }
}

/** By the even-odd rule, at the middle of each row of blocks. */
function markInside(
  edges: readonly Edge[],
  size: { widthPx: number; heightPx: number },
  blockPx: number,
  mark: (x: number, y: number) => void,
): void {
  for (let top = 0; top < size.heightPx; top += blockPx) {
    const y = top + blockPx / 2;
    const crossings = edges
      .filter(({ from, to }) => from.y <= y !== to.y <= y)
      .map(({ from, to }) => from.x + ((y - from.y) * (to.x - from.x)) / (to.y - from.y))
      .sort((a, b) => a - b);
    for (let i = 0; i + 1 < crossings.length; i += 2)
      for (let x = crossings[i] ?? 0; x < (crossings[i + 1] ?? 0); x += blockPx) mark(x, y);
  }
}

function markBlock(
  covered: Uint8Array,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
  blockPx: number,
  x: number,
  y: number,
): void {
  const left = Math.floor(x / blockPx) * blockPx;
  const top = Math.floor(y / blockPx) * blockPx;
  for (let row = Math.max(0, top); row < Math.min(heightPx, top + blockPx); row++)
    covered.fill(
      1,
      row * widthPx + Math.max(0, left),
      row * widthPx + Math.max(0, Math.min(widthPx, left + blockPx)),
    );
}
