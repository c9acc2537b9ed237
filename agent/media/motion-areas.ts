/** A connected area of a mask. */
export interface Area {
  cells: number;
  /** How many of them also were in the second mask. */
  stirred: number;
  /** All marks of its cells together. */
  marks: number;
}

/** Finds connected areas in a grid, without making anything anew. */
export class AreaFinder {
  readonly #columns: number;
  readonly #cells: number;
  readonly #open: Int32Array;

  constructor(columns: number, rows: number) {
    this.#columns = columns;
    this.#cells = columns * rows;
    this.#open = new Int32Array(this.#cells);
  }

  /** Keeps of a mask what has all its neighbours in it too: the border of the grid counts as in. */
  erode(mask: Uint8Array, result: Uint8Array): void {
    const columns = this.#columns;
    for (let at = 0; at < this.#cells; at += 1) {
      const column = at % columns;
      const left = column > 0 ? 1 : 0;
      const right = column < columns - 1 ? 1 : 0;
      const up = at >= columns ? columns : 0;
      const down = at + columns < this.#cells ? columns : 0;
      result[at] =
        (mask[at] ?? 0) &
        (mask[at - left] ?? 0) &
        (mask[at + right] ?? 0) &
        (mask[at - up] ?? 0) &
        (mask[at + down] ?? 0) &
        (mask[at - up - left] ?? 0) &
        (mask[at - up + right] ?? 0) &
        (mask[at + down - left] ?? 0) &
        (mask[at + down + right] ?? 0);
    }
  }

  /** Calls `found` with each area of cells that are 1 in `mask` and touch, corners included. The mask is cleared. */
  each(mask: Uint8Array, stirred: Uint8Array, marks: Uint16Array, found: (area: Area) => void): void {
    const area = this.#area;
    for (let at = 0; at < this.#cells; at += 1) {
      if (mask[at] !== 1) continue;
      area.cells = 0;
      area.stirred = 0;
      area.marks = 0;
      this.#fill(at, mask, stirred, marks, area);
      found(area);
    }
  }

  readonly #area: Area = { cells: 0, stirred: 0, marks: 0 };

  #fill(from: number, mask: Uint8Array, stirred: Uint8Array, marks: Uint16Array, area: Area): void {
    const [open, columns] = [this.#open, this.#columns];
    let waiting = 1;
    open[0] = from;
    mask[from] = 0;
    while (waiting > 0) {
      waiting -= 1;
      const at = open[waiting] ?? 0;
      area.cells += 1;
      area.stirred += stirred[at] ?? 0;
      area.marks |= marks[at] ?? 0;
      const column = at % columns;
      for (let next = at - columns; next <= at + columns; next += columns) {
        if (next < 0 || next >= this.#cells) continue;
        for (let side = column > 0 ? -1 : 0; side <= (column < columns - 1 ? 1 : 0); side += 1) {
          if (mask[next + side] !== 1) continue;
          mask[next + side] = 0;
          open[waiting] = next + side;
          waiting += 1;
        }
      }
    }
  }
}
