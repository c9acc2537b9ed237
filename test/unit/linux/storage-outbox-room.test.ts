import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { CLIP_SCHEMA } from "../../../device/linux/storage/clip-table.ts";
import { openFolder } from "../../../device/linux/storage/database.ts";
import { StorageFault } from "../../../device/linux/storage/faults.ts";
import { Outbox, type OutboxRoom } from "../../../device/linux/storage/outbox.ts";
import type { OutboxRow } from "../../../device/ports/store.ts";

// A disk that is full by SQLite's own bound: `SQLITE_FULL`, also where nobody may mount a small file system.

const EPOCH = "00000000000000aa";

const press = (sequence: number): OutboxRow => ({
  lane: "press",
  epoch: EPOCH,
  sequence,
  id: `${EPOCH}-p${sequence}`,
  eventType: "press",
  body: "x".repeat(4_000),
  occurredMonotonicMs: 0,
  occurredUtcMs: 0,
  trust: "synced",
  stillOf: null,
});
const appends = (...sequences: number[]) =>
  sequences.map((sequence) => ({ kind: "append" as const, row: press(sequence) }));

/** An outbox whose disk has no page left, beside so many clips; each gives `pagesEach` pages back. */
function full(clips: number, pagesEach: number, room: Partial<OutboxRoom> = {}) {
  const folder = mkdtempSync(join(tmpdir(), "porchlight-outbox-"));
  const { database, setAsides, close } = openFolder(folder, CLIP_SCHEMA);
  onTestFinished(() => {
    close();
    rmSync(folder, { recursive: true });
  });
  let left = clips;
  const pages = () => Number(database.pragma("page_count", { simple: true }));
  const allow = (more: number) => database.pragma(`max_page_count = ${pages() + more}`);
  const outbox = new Outbox(
    { open: () => ({ database, setAsides }) },
    {
      removing: (work) => work(),
      spare: () => undefined,
      giveUp: () => {
        if (left === 0) return false;
        left -= 1;
        allow(pagesEach);
        return true;
      },
      ...room,
    },
  );
  expect(outbox.run([{ kind: "open", epoch: EPOCH, startedUtcMs: 0 }])).toMatchObject([
    { type: "store.opened" },
  ]);
  allow(0);
  return { outbox, database, clipsLeft: () => left };
}
const types = (answers: { type: string }[]) => answers.map(({ type }) => type);

it("waits for the disk where something is added or dropped, and not where it is settled or read", () => {
  const { outbox, database } = full(100, 2);
  const pragma = vi.spyOn(database, "pragma");
  const ranges = [{ epoch: EPOCH, lane: "press" as const, from: 1, to: 9 }];
  const page = { kind: "page" as const, lane: "press" as const, after: null, limit: 10 };
  const waits = (requests: Parameters<Outbox["run"]>[0]) => {
    pragma.mockClear();
    expect(types(outbox.run(requests))).not.toContain("store.failed");
    expect(database.pragma("synchronous", { simple: true })).toBe(2);
    return !pragma.mock.calls.some(([source]) => source === "synchronous = NORMAL");
  };
  expect(waits(appends(1, 2))).toBe(true);
  expect(waits([page, { kind: "settle", ranges }])).toBe(false);
  expect(waits([page, { kind: "settle", ranges }, { kind: "drop", ranges }])).toBe(true);
  expect(waits([{ kind: "drop", ranges }])).toBe(true);
});

describe("an outbox on a full disk", () => {
  it("gives up as many clips as its messages need and no more", () => {
    const { outbox, clipsLeft } = full(5, 2);
    expect(types(outbox.run(appends(1, 2, 3)))).toEqual(Array(3).fill("store.appended"));
    expect(clipsLeft()).toBeGreaterThan(0);
    expect(clipsLeft()).toBeLessThan(5);
    const [page] = outbox.run([{ kind: "page", lane: "press", after: null, limit: 10 }]);
    expect(page).toMatchObject({ rows: [{ sequence: 1 }, { sequence: 2 }, { sequence: 3 }] });
    const [settled] = outbox.run([{ kind: "settle", ranges: [] }]);
    expect(settled).toMatchObject({ totals: { press: { rows: 3, bytes: 12_000 } } });
  });

  it("refuses a message only when there is no clip left", () => {
    const { outbox, clipsLeft } = full(2, 1);
    const answers = outbox.run(appends(1, 2, 3, 4, 5, 6));
    expect(clipsLeft()).toBe(0);
    expect(answers[0]).toMatchObject({ type: "store.appended", sequence: 1 });
    expect(answers.at(-1)).toMatchObject({ type: "store.append-failed", sequence: 6, fault: "full" });
  });

  it("does not give everything up where that does not help", () => {
    const { outbox, clipsLeft } = full(100, 0);
    expect(outbox.run(appends(1))).toMatchObject([{ type: "store.append-failed", fault: "full" }]);
    expect(clipsLeft()).toBe(92);
  });

  it("gives up no clip for a fault of another kind, and answers when giving up fails itself", () => {
    const readOnly = full(3, 1, {
      spare: () => {
        throw new StorageFault("read-only", "mounted so");
      },
    });
    expect(readOnly.outbox.run(appends(1))).toMatchObject([{ fault: "read-only" }]);
    expect(readOnly.clipsLeft()).toBe(3);
    const stuck = full(3, 1, {
      giveUp: () => {
        throw new StorageFault("io", "the clip cannot be removed");
      },
    });
    expect(stuck.outbox.run(appends(1))).toMatchObject([{ type: "store.append-failed", fault: "full" }]);
  });

  it("removes with the room that is kept for it, and keeps messages out of that", () => {
    const kinds: string[] = [];
    const { outbox } = full(0, 0, {
      removing: (work) => {
        kinds.push("removing");
        return work();
      },
      spare: () => {
        kinds.push("spare");
        throw new StorageFault("full", "kept");
      },
    });
    kinds.length = 0;
    expect(outbox.run(appends(1))).toMatchObject([{ type: "store.append-failed", detail: "kept" }]);
    expect(kinds).not.toContain("removing");
    kinds.length = 0;
    outbox.run([
      { kind: "settle", ranges: [{ epoch: EPOCH, lane: "press", from: 1, to: 9 }] },
      ...appends(2),
    ]);
    expect(kinds).toContain("removing");
  });
});
