import type fs from "node:fs";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "typebox/value";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CheckpointLine, HeaderLine, InputLine } from "../../../agent/journal/format.ts";
import { Runtime } from "../../../agent/runtime.ts";
import { readHead } from "../../../simulator/replay/read-journal.ts";
import { type ReplayResult, replayJournal } from "../../../simulator/replay/result.ts";
import { JournalledDesk } from "./journalled-desk.ts";

/** What the disk does next. `killed`: nothing from there on happens, as when the process or the power goes. */
const disk = vi.hoisted(() => ({
  isFull: false,
  operationsUntilKilled: Number.POSITIVE_INFINITY,
}));

vi.mock("node:fs", async (importOriginal) => {
  const real = await importOriginal<typeof fs>();
  const operation = () => {
    disk.operationsUntilKilled -= 1;
    if (disk.operationsUntilKilled < 0) throw new Error("killed");
  };
  const mocked = {
    ...real,
    openSync: (...args: Parameters<typeof real.openSync>) => {
      operation();
      return real.openSync(...args);
    },
    renameSync: (...args: Parameters<typeof real.renameSync>) => {
      operation();
      real.renameSync(...args);
    },
    rmSync: (...args: Parameters<typeof real.rmSync>) => {
      operation();
      real.rmSync(...args);
    },
    ftruncateSync: (...args: Parameters<typeof real.ftruncateSync>) => {
      operation();
      real.ftruncateSync(...args);
    },
    writeFileSync: (to: number | string, text: string, options?: fs.WriteFileOptions) => {
      operation();
      if (!disk.isFull) return real.writeFileSync(to, text, options);
      real.writeFileSync(to, text.slice(0, text.length / 2), options);
      throw Object.assign(new Error("ENOSPC: no space left on device, write"), {
        code: "ENOSPC",
        syscall: "write",
      });
    },
  };
  return { ...mocked, default: mocked };
});

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "porchlight-journal-"));
  file = join(folder, "journal");
});
afterEach(() => {
  disk.isFull = false;
  disk.operationsUntilKilled = Number.POSITIVE_INFINITY;
  rmSync(folder, { recursive: true });
});

function replayed(path: string): ReplayResult {
  const bytes = readFileSync(path);
  return replayJournal(bytes, readHead(bytes), 1);
}

const linesOf = (path: string): unknown[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line));

function ring(desk: JournalledDesk, times: number): void {
  for (let i = 0; i < times; i++) desk.press().wait(3_000);
}

describe("a journal", () => {
  it("has a header, a checkpoint, and every input with its actions; nobody else may read it", () => {
    const desk = new JournalledDesk(file);
    desk.start().openStore().connect();
    ring(desk, 3);
    desk.close();
    const [header, checkpoint, ...inputs] = linesOf(file);
    expect(header).toEqual({ journal: "porchlight", format: 1, version: "0.1.0", begins: "start" });
    expect(Value.Check(HeaderLine, header)).toBe(true);
    expect(Value.Check(CheckpointLine, checkpoint)).toBe(true);
    expect(inputs.every((line) => Value.Check(InputLine, line))).toBe(true);
    expect(inputs).toHaveLength(desk.inputs);
    expect(inputs).toContainEqual(
      expect.objectContaining({
        actions: expect.arrayContaining([expect.objectContaining({ type: "chime.play" })]),
      }),
    );
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(replayed(file)).toMatchObject({ result: "same", inputs: desk.inputs });
  });

  it("leaves the one of the process before as FILE.1", () => {
    const first = new JournalledDesk(file);
    first.start();
    first.close();
    const second = new JournalledDesk(file);
    second.start().openStore();
    second.close();
    expect(replayed(`${file}.1`)).toMatchObject({ result: "same", inputs: first.inputs });
    expect(replayed(file)).toMatchObject({ result: "same", begins: "start", inputs: second.inputs });
  });

  it("begins anew with a checkpoint before it is too large, and what was there stays as FILE.1", () => {
    const maxBytes = 40_000;
    const desk = new JournalledDesk(file, { maxBytes });
    desk.start().openStore().connect();
    ring(desk, 40);
    desk.close();
    for (const one of [file, `${file}.1`]) {
      const longestLine = Math.max(
        ...readFileSync(one, "utf8")
          .split("\n")
          .map((line) => Buffer.byteLength(line)),
      );
      expect(statSync(one).size).toBeLessThanOrEqual(maxBytes + longestLine);
      expect(replayed(one)).toMatchObject({ result: "same", begins: "checkpoint", problem: null });
    }
    expect(statSync(`${file}.1`).size).toBeGreaterThan(maxBytes);
    const [, , first] = linesOf(file);
    expect(first).toMatchObject({
      n:
        linesOf(`${file}.1`)
          .flatMap((line) => Object(line).n ?? [])
          .at(-1) + 1,
    });
    expect(readdirSync(folder).sort()).toEqual(["journal", "journal.1"]);
  });

  it("that a large state alone would fill grows to twice that state, and is not written anew at every input", () => {
    const desk = new JournalledDesk(file, { maxBytes: 100 });
    desk.start().openStore().connect();
    ring(desk, 10);
    desk.close();
    expect(linesOf(`${file}.1`).length).toBeGreaterThan(5);
    expect(replayed(file)).toMatchObject({ result: "same" });
  });

  it("holds the input on which the core threw, and the replay throws alike", () => {
    const desk = new JournalledDesk(file);
    desk.start();
    expect(() => desk.start()).toThrow("started twice");
    expect(linesOf(file).at(-1)).toMatchObject({ n: 2, thrown: "Error: the agent was started twice" });
    expect(replayed(file)).toMatchObject({ result: "same", inputs: 2, problem: null });
  });

  it("holds no secret of the settings", () => {
    const secrets = ["nobody", "/run/secret", "/run/key", "tok3n", "someone", "/run/other"];
    const [username = "", passwordFile = "", keyFile = "", token, cameraUser = "", cameraFile = ""] = secrets;
    const broker = { username, passwordFile, keyFile, urls: ["mqtts://broker.lan"] };
    const camera = {
      source: `rtsp://cam.lan/1?t=${token}`,
      username: cameraUser,
      passwordFile: cameraFile,
    };
    const desk = new JournalledDesk(file, {}, { broker, camera });
    desk.start().openStore().connect().cameraUp();
    const reason = "no answer";
    desk.input({ type: "camera.down", occurredAt: desk.now, fault: "world", reason, seam: false });
    ring(desk, 2);
    const text = readFileSync(file, "utf8");
    expect(text).toContain("mqtts://broker.lan");
    expect(text).toContain("rtsp://cam.lan/1");
    for (const secret of secrets) expect(text).not.toContain(secret);
    expect(replayed(file).result).toBe("same");
  });
});

describe("a place for a journal", () => {
  const begin = (path: string) => () => new JournalledDesk(path).close();

  it("is refused in one line where it cannot be, or where something else stands", () => {
    mkdirSync(join(folder, "sub"));
    writeFileSync(join(folder, "letter"), "Dear reader");
    writeFileSync(join(folder, "diary.1"), "yesterday");
    expect(begin(join(folder, "nowhere", "journal"))).toThrow(
      /journal: no journal can be begun here \(ENOENT: no such file or directory\)/,
    );
    expect(begin(join(folder, "sub"))).toThrow(/sub: not a regular file/);
    expect(begin("/dev/full")).toThrow(/\/dev\/full: not a regular file/);
    expect(begin(join(folder, "letter"))).toThrow(/letter: there is a file already, and it is no journal/);
    expect(begin(join(folder, "diary"))).toThrow(/diary\.1: there is a file already/);
    expect(readFileSync(join(folder, "letter"), "utf8")).toBe("Dear reader");
  });

  it("may hold an empty file", () => {
    writeFileSync(file, "");
    expect(begin(file)).not.toThrow();
    expect(replayed(file).inputs).toBe(0);
  });
});

describe("a disk that fails", () => {
  it("is told once, stops nothing, and what is missing is marked", () => {
    const desk = new JournalledDesk(file);
    desk.start().openStore().connect();
    ring(desk, 1);
    const before = desk.inputs;
    const size = statSync(file).size;
    disk.isFull = true;
    ring(desk, 5);
    const missing = desk.inputs - before;
    expect(statSync(file).size).toBe(size);
    expect(desk.said).toEqual([
      {
        level: "error",
        message: expect.stringMatching(/journal cannot be written .*ENOSPC.*goes on without/),
      },
    ]);
    disk.isFull = false;
    desk.wait(10_000);
    desk.edge(true);
    const told = desk.said.at(-1)?.message ?? "";
    ring(desk, 3);
    desk.close();
    const result = replayed(file);
    expect(result).toMatchObject({ result: "same", begins: "start", problem: null });
    expect(result.missing).toHaveLength(1);
    expect(result.missing[0]?.inputs).toBeGreaterThanOrEqual(missing);
    expect(told).toContain(`${result.missing[0]?.inputs} inputs are missing in it`);
    expect(result.inputs + (result.missing[0]?.inputs ?? 0)).toBe(desk.inputs);
  });

  it("from the start lets the journal begin later, and spares the one before", () => {
    const first = new JournalledDesk(file);
    first.start();
    disk.isFull = true;
    const desk = new JournalledDesk(file);
    desk.start().openStore().connect();
    expect(replayed(file)).toMatchObject({ inputs: 1, begins: "start" });
    disk.isFull = false;
    desk.wait(10_000);
    ring(desk, 2);
    desk.close();
    expect(replayed(`${file}.1`)).toMatchObject({ inputs: 1, begins: "start" });
    const result = replayed(file);
    expect(result).toMatchObject({ result: "same", begins: "checkpoint" });
    expect(result.inputs + (result.missing[0]?.inputs ?? 0)).toBe(desk.inputs);
  });

  it("while it begins anew leaves the old one", () => {
    const desk = new JournalledDesk(file, { maxBytes: 20_000 });
    desk.start().openStore().connect();
    while (statSync(file).size < 19_000) desk.edge(true).edge(false);
    const before = desk.inputs;
    disk.isFull = true;
    while (desk.said.length === 0) desk.edge(true).edge(false);
    expect(replayed(file).inputs).toBeGreaterThanOrEqual(before);
    expect(readdirSync(folder)).toEqual(["journal"]);
  });
});

describe("an end at any moment of beginning anew", () => {
  it("leaves the old journal or the new one, whole", () => {
    const survived = new Set<string>();
    for (let operations = 0; operations < 16; operations++) {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      const desk = new JournalledDesk(file, { maxBytes: 12_000 });
      desk.start().openStore().connect();
      while (statSync(file).size < 11_600) desk.edge(true).edge(false);
      const before = desk.inputs;
      disk.operationsUntilKilled = operations;
      expect(() => {
        for (let i = 0; i < 16; i++) desk.edge(i % 2 === 0);
      }).toThrow("killed");
      disk.operationsUntilKilled = Number.POSITIVE_INFINITY;
      const there = readdirSync(folder).filter((name) => !name.endsWith(".new"));
      const whole = there.map((name) => replayed(join(folder, name)));
      expect(whole.map(({ result, problem }) => [result, problem])).toEqual(whole.map(() => ["same", null]));
      expect(Math.max(...whole.map(({ inputs }) => inputs))).toBeGreaterThanOrEqual(before);
      survived.add(there.join(" "));
    }
    expect(survived).toEqual(new Set(["journal", "journal.1", "journal journal.1"]));
  });
});

describe("the runtime", () => {
  it("shows the input on which the core throws, and throws on", () => {
    const turns: (() => void)[] = [];
    const stub = new Proxy({}, { get: () => () => undefined });
    const ports = {
      ...{ store: stub, fragments: stub, broker: stub, camera: stub, button: stub, light: stub, chime: stub },
      ...{ configuration: stub, vault: stub },
      clock: {
        start: () => undefined,
        monotonicMs: () => 5,
        read: () => ({ monotonicMs: 5, utcMs: 7, trust: "synced" }),
      },
      timers: { start: () => undefined, set: () => undefined, soon: (turn: () => void) => turns.push(turn) },
      entropy: { epoch: () => "00000000000000aa", seed: () => 1 },
    } as unknown as ConstructorParameters<typeof Runtime>[0]["ports"];
    const crashed = vi.fn();
    const { settings } = new JournalledDesk(file).state;
    const runtime = new Runtime({
      ...{
        ports,
        settings,
        version: "0.1.0",
        mode: "normal",
        log: () => undefined,
        ended: () => undefined,
        crashed,
      },
    });
    runtime.start();
    runtime.start();
    expect(() => turns.shift()?.()).toThrow("started twice");
    expect(crashed).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ type: "agent.started", now: 5 }),
      expect.objectContaining({ message: "the agent was started twice" }),
    );
  });
});
