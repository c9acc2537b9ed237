import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UsageError } from "../../../agent/contract/errors.ts";
import { type ReplayFlags, replay } from "../../../simulator/replay/command.ts";
import { replayOf, resultOf as resultIn, threeRings } from "./replay-of.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "porchlight-replay-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

type Content = Parameters<typeof replayOf>[1];
const journal = () => threeRings(folder);
const run = (content: Content, flags: Partial<ReplayFlags> = {}) => replayOf(folder, content, flags);
const resultOf = (content: Content, flags: Partial<ReplayFlags> = {}) => resultIn(folder, content, flags);

/** The line (from 1) of the n-th edge. */
const edgeLine = (lines: readonly string[], n: number) =>
  lines.flatMap((line, index) => (line.includes('"button.edge"') ? [index + 1] : []))[n] ?? 0;

function changed(lines: readonly string[], line: number, change: (text: string) => string): string[] {
  return lines.map((text, index) => (index + 1 === line ? change(text) : text));
}

describe("a replay", () => {
  it("says that the core does the same again: how much, and over what time", () => {
    const lines = journal();
    const { code, out, warnings } = run(lines);
    expect([code, warnings]).toEqual([0, []]);
    expect(out[0]).toMatch(/journal: (\d+) inputs in 6\.700 s, from a process start, by porchlight 0\.1\.0$/);
    expect(out[0]).toContain(`${lines.length - 2} inputs`);
    const actions = lines.slice(2).flatMap((line) => JSON.parse(line).actions);
    expect(out[1]).toBe(`the same ${actions.length} actions`);
  });

  it("says where the actions differ, and goes on", () => {
    const lines = journal();
    const line = edgeLine(lines, 2);
    const { code, out } = run(changed(lines, line, (text) => text.replace('"atMs":', '"atMs":1')));
    expect(code).toBe(1);
    expect(out[0]).toContain(`${lines.length - 2} inputs`);
    expect(out[1]).toBe(`1 input led to other actions; the first is input ${line - 2} (line ${line})`);
    expect(out[2]).toMatch(/at \d\.\d{3} s: button\.edge occurredAt=\d+ pressed=true/);
  });

  it("shows with --diff the actions that differ, value by value", () => {
    const lines = journal();
    const line = edgeLine(lines, 0);
    const other = changed(lines, line, (text) => {
      const one = JSON.parse(text);
      one.actions = [
        { type: "chime.play", sound: "ding" },
        ...one.actions.map((a: object) => ({ ...a, atMs: 7 })),
      ];
      return JSON.stringify(one);
    });
    const { code, out } = run(other, { diff: true });
    expect(code).toBe(1);
    const text = out.join("\n");
    expect(text).toContain(`input ${line - 2} (line ${line}, at 0.000 s): button.edge`);
    expect(text).toContain('  - chime.play sound="ding"');
    expect(text).toMatch(/ {2}~ timer\.set\n {6}- atMs=7\n {6}\+ atMs=1040/);
    expect(text).toContain("- as recorded, + by this core");
    const json = resultOf(other, { diff: true });
    expect(json).toMatchObject({ code: 1, result: "differs", differing: 1 });
    expect(json.differences[0].recorded.actions[0]).toEqual({ type: "chime.play", sound: "ding" });
    expect(json.differences[0].here.actions[0].type).toBe("timer.set");
  });

  it("keeps to the limit of what --diff shows, and counts the rest", () => {
    const lines = journal().map((text) =>
      text.replace('"actions":[', '"actions":[{"type":"light.show"},').replace(",]", "]"),
    );
    const { out } = run(lines, { diff: true, limit: "2" });
    expect(out.filter((line) => line.startsWith("input "))).toHaveLength(2);
    expect(out.at(-1)).toBe(`${lines.length - 4} inputs more: --limit shows more`);
  });

  it("goes on after inputs that could not be written, and tells them", () => {
    const lines = journal();
    const at = edgeLine(lines, 3);
    const state = JSON.parse(run(lines, { at: `${at - 3}`, json: true }).out[0] ?? "").state;
    const marked = [
      ...lines.slice(0, at - 3),
      JSON.stringify({ checkpoint: state, inputsBefore: at - 3, missing: 2 }),
      ...lines.slice(at - 1),
    ];
    const { code, warnings } = run(marked);
    expect(warnings).toEqual([`line ${at - 2}: 2 inputs could not be written before this line`]);
    expect(code).toBe(0);
  });
});

describe("--at", () => {
  it("shows an input by its number: its actions, and what it changed", () => {
    const lines = journal();
    const line = edgeLine(lines, 0);
    const { code, out } = run(lines, { at: `${line - 2}` });
    expect(code).toBe(0);
    expect(out[0]).toBe(`input ${line - 2} (line ${line}), at 0.000 s, 2023-11-14T22:13:21.000Z (synced)`);
    expect(out[1]).toBe("  button.edge occurredAt=1000 pressed=true");
    expect(out[2]).toBe("led to 2 actions");
    expect(out[3]).toBe('    timer.set key="button.hold" generation=1 atMs=1040');
    expect(out[4]).toBe("    camera.prepare-still");
    expect(out.join("\n")).toMatch(/changed in the state\n {2}timers\.button\.hold: nothing → /);
  });

  it("shows by a time the last input until then, and a part of the state whole", () => {
    const lines = journal();
    const { out } = run(lines, { at: "3.5s", slice: "button" });
    const [, line = 0] = /line (\d+)/.exec(out[0] ?? "") ?? [];
    const here = JSON.parse(lines[Number(line) - 1] ?? "").input.now;
    const next = JSON.parse(lines[Number(line)] ?? "").input.now;
    expect(here).toBeLessThanOrEqual(4_500);
    expect(next).toBeGreaterThan(4_500);
    const slice = out.indexOf("the state after it");
    expect(Object.keys(JSON.parse(out.slice(slice + 1).join("\n")))).toEqual(["button"]);
  });

  it("gives the whole state as JSON", () => {
    const lines = journal();
    const { out } = run(lines, { at: `${lines.length - 2}`, json: true });
    const { n, state, same, changed: changes } = JSON.parse(out[0] ?? "");
    expect({ n, same }).toEqual({ n: lines.length - 2, same: true });
    expect(state.outbox.last.press).toBe(3);
    expect(changes).toContainEqual(expect.objectContaining({ path: expect.any(String) }));
  });

  it("says when the state there is not the device's", () => {
    const lines = journal();
    const other = changed(lines, edgeLine(lines, 0), (text) => text.replace('"atMs":', '"atMs":1'));
    const { code, warnings } = run(other, { at: "6.7s" });
    expect(code).toBe(1);
    expect(warnings).toEqual(["1 input up to here led to other actions: this is not the device's state"]);
  });

  it.each([
    ["0", /allowed: an input from 1 to \d+, or a time from 0s to 6.7s/],
    ["99999", /allowed: an input from 1/],
    ["3600s", /allowed: an input from 1/],
    ["soon", /found soon, allowed: an input's number as in 17, or a time as in 12.5s/],
    ["-1", /found -1/],
  ])("refuses %s", (at, message) => {
    const lines = journal();
    expect(() => run(lines, { at })).toThrow(message);
    expect(() => run(lines, { at })).toThrow(UsageError);
  });

  it("goes with a known part of the state, and not with --diff", () => {
    const lines = journal();
    expect(() => run(lines, { at: "1", slice: "soul" })).toThrow(
      /--slice: found soul, allowed: settings, lifecycle/,
    );
    expect(() => run(lines, { at: "1", diff: true })).toThrow(/do not go together/);
    expect(() => run(lines, { slice: "button" })).toThrow(/say which with --at/);
    expect(() => run(lines, { diff: true, limit: "none" })).toThrow(/--limit: found none/);
  });
});

describe("what is no journal, or not a whole one", () => {
  it.each([
    ["an empty file", "", /line 1: the file is empty/],
    ["a letter", '{"dear":"reader"}\n', /line 1: not a journal/],
    ["noise", Buffer.from([0, 255, 10, 7, 10]), /line 1: not a journal/],
    ["half a header", '{"journal":"porchlight","for', /line 1: the journal is cut short within its header/],
  ])("%s is refused in one line", (_what, content, message) => {
    expect(() => run(content)).toThrow(message);
    expect(() => run(content)).toThrow(UsageError);
  });

  it("a file that is not there is refused in one line", () => {
    const output = { print: () => undefined, warn: () => undefined };
    expect(() => replay(join(folder, "nothing"), { limit: "10" }, output)).toThrow(
      /nothing: cannot be read: ENOENT/,
    );
    expect(() => replay(folder, { limit: "10" }, output)).toThrow(/cannot be read: EISDIR/);
  });

  it.each<[string, (lines: string[]) => string | Buffer | string[], RegExp, number]>([
    [
      "half a line",
      (lines) => lines.join("\n").slice(0, -5),
      /^line (\d+): cut short: its last \d+ bytes/,
      0,
    ],
    [
      "garbage",
      (lines) => Buffer.from(`${lines.join("\n")}\n\0\0\0\xff\n`, "latin1"),
      /^line (\d+): not JSON/,
      1,
    ],
    ["other JSON", (lines) => [...lines, '{"n":1}'], /^line (\d+): neither a checkpoint nor an input/, 1],
    [
      "a hole",
      (lines) => lines.toSpliced(-3, 2),
      /^line (\d+): input (\d+), where .* 2 inputs are missing/,
      -2,
    ],
    ["a line twice", (lines) => [...lines, lines.at(-1) ?? ""], /^line (\d+): .* out of order/, 1],
  ])("%s is told with its line, and what is before it is replayed", (_what, damage, message, more) => {
    const lines = journal();
    const { code, out, warnings } = run(damage(lines));
    expect(code).toBe(2);
    expect(warnings).toHaveLength(1);
    const [, line] = message.exec(warnings[0] ?? "") ?? [];
    expect(Number(line)).toBe(lines.length + more);
    expect(out[0]).toContain(`${Number(line) - 3} inputs`);
    expect(out[0]).toContain("as far as it can be read");
    expect(out[1]).toMatch(/^the same \d+ actions$/);
  });

  it("without a checkpoint there is nothing to replay", () => {
    const [header = "", , ...inputs] = journal();
    expect(run([header]).warnings).toEqual(["line 2: the journal ends here, where its checkpoint should be"]);
    expect(run([header, ...inputs])).toMatchObject({
      code: 2,
      warnings: ["line 2: an input, where the checkpoint should be"],
    });
  });

  it("that differs before it ends badly differs", () => {
    const lines = journal();
    const other = changed(lines, edgeLine(lines, 0), (text) => text.replace('"atMs":', '"atMs":1'));
    expect(run(other.join("\n"))).toMatchObject({
      code: 1,
      warnings: [expect.stringContaining("cut short")],
    });
  });
});

describe("a journal of another version", () => {
  it("in another format is replayed as far as it is alike", () => {
    const lines = changed(journal(), 1, (text) => text.replace('"format":1', '"format":2'));
    const { code, warnings, out } = run([...lines, '{"something":"new"}']);
    expect(code).toBe(2);
    expect(warnings[0]).toMatch(/^line 1: a journal of format 2, and this program reads 1/);
    expect(out[1]).toMatch(/^the same \d+ actions/);
    expect(run(lines).code).toBe(2);
  });

  it("is named, and from a process start it can differ in what the core does alone", () => {
    const [header = "", checkpoint = "", ...inputs] = journal();
    const { settings } = JSON.parse(checkpoint).checkpoint;
    delete settings.motion.recordClip;
    settings.button.softness = 7;
    const older = [
      header.replace("0.1.0", "0.0.9"),
      JSON.stringify({ checkpoint: { settings, memories: {} }, inputsBefore: 0, missing: 0 }),
      ...inputs,
    ];
    const { code, warnings } = run(older);
    expect(code).toBe(0);
    expect(warnings).toEqual([
      "line 2: its setting button.softness: there is no such setting",
      "line 2: it has no setting motion.recordClip: its default is taken",
      "line 1: recorded by porchlight 0.0.9, replayed by 0.1.0",
    ]);
  });

  it("that begins with a state of another shape is compared as far as that goes, with a word of warning", () => {
    const lines = journal();
    const line = edgeLine(lines, 2);
    const state = JSON.parse(run(lines, { at: `${line - 3}`, json: true }).out[0] ?? "").state;
    delete state.pacing;
    state.outbox.unsaved = {};
    state.button.mood = "calm";
    const other = [
      (lines[0] ?? "").replace('"start"', '"checkpoint"').replace("0.1.0", "0.0.9"),
      JSON.stringify({ checkpoint: state, inputsBefore: line - 3, missing: 0 }),
      ...lines.slice(line - 1),
    ];
    const { warnings, out } = run(other);
    expect(warnings).toEqual([
      "line 2: the state has a button.mood, which this version does not know",
      "line 2: the state has no such outbox.unsaved as this version",
      "line 2: the state has no pacing",
      "line 1: recorded by porchlight 0.0.9, replayed by 0.1.0",
      expect.stringContaining("a journal from a process start tells more"),
    ]);
    expect(out[0]).toContain(`${lines.length - line + 1} inputs`);
    expect(out[0]).toContain("from a checkpoint, by porchlight 0.0.9");
  });

  it("on whose inputs this core throws is told up to there", () => {
    const lines = journal();
    const twice = JSON.parse(lines[2] ?? "");
    const at = edgeLine(lines, 1);
    const other = lines.toSpliced(at - 1, 1, JSON.stringify({ ...twice, n: at - 2 }));
    const { code, warnings, out } = run(other, { diff: true });
    expect(code).toBe(1);
    expect(warnings).toEqual([`line ${at}: this core threw (Error: the agent was started twice): no way on`]);
    expect(out.join("\n")).toContain("  + threw Error: the agent was started twice");
  });
});
