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
    // As in seed 2335: 47 rows waited for the disk.
    expect(bounds.check(run(23_001, 47))).toEqual([]);
    expect(bounds.check(run(23_001, 0))).toEqual(["the outbox held 23001 bytes; its bound is 8192"]);
    expect(bounds.check(run(100_000, 47))).toHaveLength(1);
    expect(bounds.check(run(8_192, 257))).toHaveLength(1);
  });
});
