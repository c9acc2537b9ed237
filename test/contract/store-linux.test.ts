import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { Store, StoreInput } from "../../device/ports/store.ts";
import { roomy, StorageProcess } from "../fixtures/storage-process.ts";
import { until } from "../fixtures/until.ts";
import { storeSuite } from "./store.ts";

// `kill -9` ends a process between any two of its steps, and the kernel still writes what it was given: this
// tests atomicity and recovery. A power cut is played by taking from SQLite's log what came after the last answer that
// promised durability, half of it. That such an answer comes after `fsync` is the promise of `synchronous=FULL`,
// and only cutting the power of a kernel tests it.
storeSuite("Linux", 1, async () => {
  const folder = mkdtempSync(join(tmpdir(), "porchlight-store-"));
  const log = join(folder, "porchlight.db-wal");
  let running: StorageProcess | null = null;
  let durableBytes = 0;
  return {
    boot: async () => {
      running = await StorageProcess.start(roomy(folder));
      durableBytes = 0;
      return noticing(running.store, ({ type }) => {
        if (["store.opened", "store.appended", "store.dropped"].includes(type))
          durableBytes = statSync(log).size;
      });
    },
    kill: async () => running?.kill(),
    cutPower: async () => {
      await running?.kill();
      const { size } = statSync(log, { throwIfNoEntry: false }) ?? { size: 0 };
      // Beyond that SQLite begins its log anew, and its size says nothing.
      if (size > 1_000_000) throw new Error(`a log of ${size} bytes`);
      if (size > durableBytes) truncateSync(log, Math.floor((size + durableBytes) / 2));
    },
    corrupt: async () => {
      writeFileSync(join(folder, "porchlight.db"), "this is no database ".repeat(500));
      rmSync(log);
    },
    until: (met) => until(met, "the store's answer"),
    end: async () => {
      await running?.kill();
      rmSync(folder, { recursive: true });
    },
  };
});

/** The same store; `heard` is told of its inputs before anybody else. */
function noticing(store: Store, heard: (input: StoreInput) => void): Store {
  return {
    ...store,
    start: (post) =>
      store.start((input) => {
        heard(input);
        post(input);
      }),
  };
}

describe("the data folder", () => {
  it("is its owner's alone", async () => {
    const folder = join(mkdtempSync(join(tmpdir(), "porchlight-store-")), "data");
    const storage = await StorageProcess.start(roomy(folder));
    onTestFinished(async () => {
      await storage.kill();
      rmSync(join(folder, ".."), { recursive: true });
    });
    const inputs: StoreInput[] = [];
    const { store } = storage;
    store.start((input) => inputs.push(input));
    store.open("00000000000000aa", 0);
    await until(() => inputs.length > 0, "store.opened");
    const modes = ["", ...readdirSync(folder)].map((name) => [
      name,
      statSync(join(folder, name)).mode & 0o077,
    ]);
    expect(modes.length).toBeGreaterThan(2);
    expect(modes.filter(([, others]) => others !== 0)).toEqual([]);
  });
});
