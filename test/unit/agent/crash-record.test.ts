import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { modeAfterCrashes, recordCrash } from "../../../agent/crash-record.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "porchlight-crashes-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const T = 1_700_000_000_000;
const crashAt = (...seconds: number[]) => {
  for (const second of seconds) expect(recordCrash(folder, T + second * 1_000, new Error("boom"))).toBeNull();
};

describe("crash record", () => {
  it("starts bell-only after three crashes within a minute", () => {
    crashAt(0, 20);
    expect(modeAfterCrashes(folder, T + 21_000)).toBe("normal");
    crashAt(40);
    expect(modeAfterCrashes(folder, T + 41_000)).toBe("bell-only");
  });

  it("does not after three that were further apart, or long ago", () => {
    crashAt(0, 40, 80);
    expect(modeAfterCrashes(folder, T + 81_000)).toBe("normal");
    crashAt(90, 95);
    expect(modeAfterCrashes(folder, T + 96_000)).toBe("bell-only");
    expect(modeAfterCrashes(folder, T + 3_600_000)).toBe("normal");
  });

  it("does not where the clock went back in between: nobody knows how close they were", () => {
    crashAt(7_200, 7_210, 0);
    expect(modeAfterCrashes(folder, T + 1_000)).toBe("normal");
    crashAt(10, 20);
    expect(modeAfterCrashes(folder, T + 21_000)).toBe("bell-only");
    expect(modeAfterCrashes(folder, T - 60_000)).toBe("normal");
  });

  it("takes a record that was cut short for none", () => {
    writeFileSync(join(folder, "crashes.json"), "[1,");
    expect(modeAfterCrashes(folder, T)).toBe("normal");
  });

  it("says why it could not keep one", () => {
    writeFileSync(join(folder, "file"), "");
    expect(recordCrash(join(folder, "file"), T, new Error("boom"))).toMatch(/EEXIST|ENOTDIR/);
  });
});
