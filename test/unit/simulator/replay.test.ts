import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { initialState } from "../../../agent/core/state.ts";
import { step } from "../../../agent/core/step.ts";
import { JournalWriter } from "../../../agent/journal.ts";
import { replay } from "../../../simulator/replay.ts";
import { DoorbellOnADesk } from "../core/doorbell-on-a-desk.ts";

let folder: string;
let said: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "porchlight-replay-"));
  said = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    said += text;
    return true;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

describe("replay", () => {
  it("says that the core does the same again, and where it does not", () => {
    const file = join(folder, "journal");
    const state = initialState(new DoorbellOnADesk().state.settings);
    const writer = new JournalWriter(file, state);
    for (const occurredAt of [10, 110, 210]) {
      const input = {
        type: "button.edge" as const,
        occurredAt,
        now: occurredAt,
        pressed: occurredAt !== 110,
      };
      writer.write(input, step(state, input), state);
    }
    writer.close();
    expect(replay(file)).toBe(0);
    expect(said).toBe("3 inputs, the same actions\n");
    writeFileSync(file, readFileSync(file, "utf8").replace('"pressed":false', '"pressed":true'));
    expect(replay(file)).toBe(1);
    expect(said).toMatch(/differ from input 1 on \(line 3\)/);
  });

  it("refuses in one line what is no journal", () => {
    const file = join(folder, "letter");
    writeFileSync(file, '{"dear":"reader"}\n');
    expect(() => replay(file)).toThrow(/letter: not a journal/);
    expect(() => replay(join(folder, "nothing"))).toThrow(/nothing: ENOENT/);
  });
});
