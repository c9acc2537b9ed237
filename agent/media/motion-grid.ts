/** Half the side of the square of cells that two pictures are compared over. */
const REACH = 2;
/** A part of a scene that is lit anew keeps its structure, with this much less or more contrast. */
const LEAST_GAIN = 0.5;
const MOST_GAIN = 2;

/** One picture in cells of 2×2 pixels, with the mean and the variance of the square of cells around each. */
export interface Picture {
  readonly cells: Float64Array;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

/**
 * Pictures as a grid of cells, and how unlike two of them are. What only makes a part of the scene brighter or darker
 * (a cloud, an exposure step, headlights far away) does not count: each square of 5×5 cells is first fitted to the
 * other picture's by a gain and an offset of its own, and what is left is counted.
 */
export class MotionGrid {
  readonly columns: number;
  readonly rows: number;
  readonly cells: number;
  readonly #widthPx: number;
  readonly #heightPx: number;
  /** One over the number of cells in the square around each: fewer along the border. */
  readonly #share: Float64Array;
  /** Sums over the rows of one row of squares, by column. */
  readonly #sums: Float64Array;
  readonly #productSums: Float64Array;

  constructor(widthPx: number, heightPx: number) {
    this.#widthPx = widthPx;
    this.#heightPx = heightPx;
    this.columns = widthPx >> 1;
    this.rows = heightPx >> 1;
    this.cells = this.columns * this.rows;
    this.#sums = new Float64Array(this.columns);
    this.#productSums = new Float64Array(this.columns);
    this.#share = new Float64Array(this.cells);
    const span = (at: number, size: number) => Math.min(size - 1, at + REACH) - Math.max(0, at - REACH) + 1;
    for (let at = 0; at < this.cells; at += 1) {
      const [column, row] = [at % this.columns, Math.floor(at / this.columns)];
      this.#share[at] = 1 / (span(column, this.columns) * span(row, this.rows));
    }
  }

  newPicture(): Picture {
    const plane = () => new Float64Array(this.cells);
    return { cells: plane(), mean: plane(), variance: plane() };
  }

  /**
   * Reads a gray picture into `picture`: each cell the mean of its pixels.
   * @throws RangeError when it is not of the grid's size.
   */
  read(gray: Uint8Array, { cells }: Picture): void {
    const width = this.#widthPx;
    if (gray.length !== width * this.#heightPx)
      throw new RangeError(`a picture of ${gray.length} bytes; ${width}×${this.#heightPx} was expected`);
    let cell = 0;
    for (let row = 0; row < this.rows; row += 1) {
      for (let column = 0; column < this.columns; column += 1, cell += 1) {
        const at = 2 * row * width + 2 * column;
        const upper = (gray[at] ?? 0) + (gray[at + 1] ?? 0);
        const lower = (gray[at + width] ?? 0) + (gray[at + width + 1] ?? 0);
        cells[cell] = (upper + lower) / 4;
      }
    }
  }

  areEqual(a: Picture, b: Picture): boolean {
    for (let at = 0; at < this.cells; at += 1) if (a.cells[at] !== b.cells[at]) return false;
    return true;
  }

  /** Brings a picture's mean and variance up to date with its cells. */
  measure({ cells, mean, variance }: Picture): void {
    this.#overSquares(cells, cells, mean, variance);
    for (let at = 0; at < this.cells; at += 1) {
      const average = mean[at] ?? 0;
      variance[at] = Math.max(0, (variance[at] ?? 0) - average * average);
    }
  }

  /** How much of `now` around each cell is not `before` in another light: gray levels, root mean square. */
  unlikeness(now: Picture, before: Picture, result: Float64Array): void {
    const [meanNow, varianceNow] = [now.mean, now.variance];
    const [meanBefore, varianceBefore] = [before.mean, before.variance];
    this.#overSquares(now.cells, before.cells, null, result);
    for (let at = 0; at < this.cells; at += 1) {
      const covariance = (result[at] ?? 0) - (meanNow[at] ?? 0) * (meanBefore[at] ?? 0);
      const spread = varianceBefore[at] ?? 0;
      let gain = covariance / (spread + 1e-6);
      if (gain < LEAST_GAIN) gain = LEAST_GAIN;
      else if (gain > MOST_GAIN) gain = MOST_GAIN;
      const left = (varianceNow[at] ?? 0) - gain * (2 * covariance - gain * spread);
      result[at] = left > 0 ? Math.sqrt(left) : 0;
    }
  }

  /** The mean of `a` (unless it is not wanted) and of a·b over the square of cells around each. */
  #overSquares(a: Float64Array, b: Float64Array, meanA: Float64Array | null, meanAB: Float64Array): void {
    this.#sums.fill(0);
    this.#productSums.fill(0);
    for (let row = -REACH; row < this.rows; row += 1) {
      if (row + REACH < this.rows) this.#addRow(a, b, row + REACH, 1);
      if (row - REACH > 0) this.#addRow(a, b, row - REACH - 1, -1);
      if (row < 0) continue;
      if (meanA) this.#alongRow(this.#sums, row, meanA);
      this.#alongRow(this.#productSums, row, meanAB);
    }
  }

  #addRow(a: Float64Array, b: Float64Array, row: number, sign: 1 | -1): void {
    const [sums, productSums, columns] = [this.#sums, this.#productSums, this.columns];
    for (let column = 0, at = row * columns; column < columns; column += 1, at += 1) {
      const value = sign * (a[at] ?? 0);
      sums[column] = (sums[column] ?? 0) + value;
      productSums[column] = (productSums[column] ?? 0) + value * (b[at] ?? 0);
    }
  }

  #alongRow(sums: Float64Array, row: number, result: Float64Array): void {
    const [columns, share] = [this.columns, this.#share];
    let sum = 0;
    for (let column = 0; column < REACH && column < columns; column += 1) sum += sums[column] ?? 0;
    for (let column = 0, at = row * columns; column < columns; column += 1, at += 1) {
      if (column + REACH < columns) sum += sums[column + REACH] ?? 0;
      if (column > REACH) sum -= sums[column - REACH - 1] ?? 0;
      result[at] = sum * (share[at] ?? 0);
    }
  }
}
