/** Numbers `from`…`to`, both included. */
export type Range = [from: number, to: number];

/**
 * A set of positive integers kept as merged ranges in order. It holds at most `maxRanges`; when more are needed the
 * lowest is forgotten, so that memory stays bounded however many gaps there are.
 */
export class RangeSet {
  readonly #maxRanges: number;
  #ranges: Range[] = [];

  constructor(maxRanges: number) {
    this.#maxRanges = maxRanges;
  }

  get ranges(): readonly Readonly<Range>[] {
    return this.#ranges;
  }

  /** The largest member, 0 when empty. */
  get top(): number {
    return this.#ranges.at(-1)?.[1] ?? 0;
  }

  has(number: number): boolean {
    return this.#ranges.some(([from, to]) => from <= number && number <= to);
  }

  add(from: number, to: number): void {
    const last = this.#ranges.at(-1);
    if (last && from === last[1] + 1) {
      last[1] = to;
      return;
    }
    const before = this.#ranges.filter((range) => range[1] < from - 1);
    const after = this.#ranges.filter((range) => range[0] > to + 1);
    const touching = this.#ranges.slice(before.length, this.#ranges.length - after.length);
    const merged: Range = [
      Math.min(from, touching[0]?.[0] ?? from),
      Math.max(to, touching.at(-1)?.[1] ?? to),
    ];
    this.#ranges = [...before, merged, ...after].slice(-this.#maxRanges);
  }

  remove(number: number): void {
    this.#ranges = this.#ranges.flatMap(([from, to]): Range[] => {
      if (number < from || number > to) return [[from, to]];
      const parts: Range[] = [
        [from, number - 1],
        [number + 1, to],
      ];
      return parts.filter((part) => part[0] <= part[1]);
    });
  }

  /** What of `from`…`to` is not in the set. */
  missing(from: number, to: number): Range[] {
    const missing: Range[] = [];
    let next = from;
    for (const [start, end] of this.#ranges) {
      if (end < next) continue;
      if (start > to) break;
      if (start > next) missing.push([next, start - 1]);
      next = end + 1;
    }
    if (next <= to) missing.push([next, to]);
    return missing;
  }
}
