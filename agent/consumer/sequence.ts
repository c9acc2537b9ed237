import type { EventDataOf } from "../contract/events.ts";
import { type Range, RangeSet } from "./range-set.ts";

export type DropReason = EventDataOf<"drop">["reason"];

/** Largest number of separate ranges that one sequence remembers. */
export const MAX_RANGES = 1_024;

/** Why numbers are missing: what the device said when it gave them up, or that it has said nothing of them. */
export type GapReason = DropReason | "undeclared";

/** A range that has not arrived. */
export interface SequenceGap {
  from: number;
  to: number;
  reason: GapReason;
}

/** What is known of one sequence: the numbers of one epoch and lane, which count up from 1. */
export class Sequence {
  readonly #seen = new RangeSet(MAX_RANGES);
  readonly #stored = new RangeSet(MAX_RANGES);
  readonly #declared = new Map<DropReason, RangeSet>();
  /** Every number up to this one has been given out. */
  #givenOut = 0;

  /** Takes in a number: whether it is new, and the gap that it opens. */
  take(number: number): { fresh: boolean; gaps: SequenceGap[] } {
    if (this.#seen.has(number)) return { fresh: false, gaps: [] };
    this.#seen.add(number, number);
    return { fresh: true, gaps: this.expect(number) };
  }

  /** Numbers up to `number` have been given out: the gap that this opens. */
  expect(number: number): SequenceGap[] {
    const first = this.#givenOut + 1;
    if (number < first) return [];
    this.#givenOut = number;
    return this.#gapsWithin(first, number);
  }

  /** The device gave these numbers up: those that have not arrived, and the gap before them if they open one. */
  declare(from: number, to: number, reason: DropReason): SequenceGap[] {
    if (from < 1 || to < from) return [];
    const opened = this.expect(from - 1);
    const before = this.#declared.get(reason) ?? new RangeSet(MAX_RANGES);
    before.add(from, to);
    this.#declared.set(reason, before);
    this.#givenOut = Math.max(this.#givenOut, to);
    const missing = this.#seen.missing(from, to);
    return [...opened, ...missing.map(([start, end]) => ({ from: start, to: end, reason }))];
  }

  /** Everything that has been given out and has not arrived. */
  gaps(): SequenceGap[] {
    return this.#gapsWithin(1, this.#givenOut);
  }

  isStored(number: number): boolean {
    return this.#stored.has(number);
  }

  markStored(number: number): void {
    this.#stored.add(number, number);
  }

  /** As if it had never arrived: its next repetition is new. */
  forget(number: number): void {
    this.#seen.remove(number);
    this.#stored.remove(number);
  }

  restore(from: number, to: number): void {
    if (!(from >= 1 && to >= from)) return;
    this.#seen.add(from, to);
    this.#stored.add(from, to);
    this.#givenOut = Math.max(this.#givenOut, to);
  }

  /** What has been stored. */
  storedRanges(): Range[] {
    return this.#stored.ranges.map(([from, to]) => [from, to]);
  }

  #gapsWithin(from: number, to: number): SequenceGap[] {
    return this.#seen.missing(from, to).flatMap((gap) => this.#explain(gap));
  }

  #explain([from, to]: Range): SequenceGap[] {
    const explained = new RangeSet(MAX_RANGES);
    const gaps: SequenceGap[] = [];
    for (const [reason, { ranges }] of this.#declared) {
      for (const range of ranges) {
        const [start, end] = [Math.max(from, range[0]), Math.min(to, range[1])];
        if (start > end) continue;
        for (const part of explained.missing(start, end)) gaps.push({ from: part[0], to: part[1], reason });
        explained.add(start, end);
      }
    }
    for (const part of explained.missing(from, to)) {
      gaps.push({ from: part[0], to: part[1], reason: "undeclared" });
    }
    return gaps.sort((a, b) => a.from - b.from);
  }
}
