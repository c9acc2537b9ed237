import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Input } from "../../../agent/core/inputs.ts";
import { initialState } from "../../../agent/core/state.ts";
import { step } from "../../../agent/core/step.ts";
import { JournalWriter, replayJournal } from "../../../agent/journal.ts";
import { DoorbellOnADesk } from "../core/doorbell-on-a-desk.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "porchlight-journal-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function journalOf(inputs: Input[]): string {
  const { settings } = new DoorbellOnADesk().state;
  const state = initialState(settings);
  const file = join(folder, "journal");
  const writer = new JournalWriter(file, state);
  for (const input of inputs) writer.write(input, step(state, input), state);
  writer.close();
  expect(statSync(file).mode & 0o777).toBe(0o600);
  return readFileSync(file, "utf8");
}

const started: Input = {
  type: "agent.started",
  occurredAt: 1,
  now: 1,
  epoch: "00000000000000aa",
  seed: 3,
  utcMs: 1_700_000_000_000,
  trust: "synced",
  mode: "normal",
  version: "0",
};
const chatter = (count: number): Input[] =>
  Array.from({ length: count }, (_, i) => ({
    type: "button.edge" as const,
    occurredAt: 10 + i * 100,
    now: 10 + i * 100,
    pressed: i % 2 === 0,
  }));

describe("journal", () => {
  it("replays to the same actions, also when its last line was cut short", () => {
    const text = journalOf([started, ...chatter(40)]);
    expect(replayJournal(text)).toEqual({ inputs: 41, differsAt: null });
    expect(replayJournal(text.slice(0, -5))).toEqual({ inputs: 40, differsAt: null });
  });

  it("names the first input whose actions differ", () => {
    const lines = journalOf([started, ...chatter(10)]).split("\n");
    lines[3] = (lines[3] ?? "").replace('"pressed":false', '"pressed":true');
    expect(replayJournal(lines.join("\n")).differsAt).toBe(2);
  });

  it("begins anew with a checkpoint that the rest can be replayed from", () => {
    const text = journalOf([started, ...chatter(10_050)]);
    expect(replayJournal(text)).toEqual({ inputs: 51, differsAt: null });
  });
});
