/**
 * The connected areas (by sides) of a mask with at least `smallestPx` pixels, each as its pixels' positions. A pixel
 * counts when most of its neighbourhood does too: single ones are noise.
 */
export function findBlobs(
  mask: Uint8Array,
  { widthPx, heightPx }: { widthPx: number; heightPx: number },
  smallestPx: number,
): number[][] {
  const left = dense(mask, widthPx, heightPx);
  const blobs: number[][] = [];
  for (let start = 0; start < left.length; start++) {
    if (left[start] === 0) continue;
    const blob = [start];
    left[start] = 0;
    for (let next = 0; next < blob.length; next++) {
      const at = blob[next] ?? 0;
      const x = at % widthPx;
      for (const neighbour of [
        x > 0 ? at - 1 : -1,
        x < widthPx - 1 ? at + 1 : -1,
        at - widthPx,
        at + widthPx,
      ]) {
        if (left[neighbour] !== 1) continue;
        left[neighbour] = 0;
        blob.push(neighbour);
      }
    }
    if (blob.length >= smallestPx) blobs.push(blob);
  }
  return blobs;
}

/** At least five of the nine around it. */
const DENSE = 5;

function dense(mask: Uint8Array, widthPx: number, heightPx: number): Uint8Array {
  const kept = new Uint8Array(mask.length);
  for (let y = 1; y < heightPx - 1; y++)
    for (let x = 1; x < widthPx - 1; x++) {
      const at = y * widthPx + x;
      let count = 0;
      for (const row of [at - widthPx, at, at + widthPx])
        count += (mask[row - 1] ?? 0) + (mask[row] ?? 0) + (mask[row + 1] ?? 0);
      if (count >= DENSE) kept[at] = 1;
    }
  return kept;
}
