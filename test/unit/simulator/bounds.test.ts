import { describe, expect, it } from "vitest";
import { bounds } from "../../../simulator/checkers/bounds.ts";
import type { Evidence } from "../../../simulator/checkers/evidence.ts";

/** What it reads of a run with an outbox of 8 kB. */
const run = (peakOutboxBytes: number, peakUnsavedRows: number) =>
  ({
    settings: { outbox: { maxBytes: 8_192, memoryRows: 256 }, spool: { maxBytes: 1 } },
    peakOutboxBytes,
    peakUnsavedRows,
    peakSpoolBytes: 0,
  }) as Evidence;

describe("the checker of bounds", () => {
  it("lets the rows that a disk refused reach it together, and no others", () => {
    expect(bounds.check(run(30_000, 47))).toEqual([]);
    expect(bounds.check(run(30_000, 0))).toEqual(["the outbox held 30000 bytes; its bound is 8192"]);
    expect(bounds.check(run(100_000, 47))).toHaveLength(1);
    expect(bounds.check(run(8_192, 257))).toHaveLength(1);
  });
});
