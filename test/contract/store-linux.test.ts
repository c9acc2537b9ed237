import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import type { StoreInput } from "../../device/ports/store.ts";
import { roomy, StorageProcess } from "../fixtures/storage-process.ts";
import { until } from "../fixtures/until.ts";
import { storeSuite } from "./store.ts";

// `kill -9` ends a process between any two of its steps, and the kernel still writes what it was given: this
// tests atomicity and recovery. That an answered row survives a power cut is the promise of SQLite's
// `synchronous=FULL`, and only cutting the power of a kernel tests it.
storeSuite("Linux", async () => {
  const folder = mkdtempSync(join(tmpdir(), "porchlight-store-"));
  let running: StorageProcess | null = null;
  return {
    boot: async () => {
      running = await StorageProcess.start(roomy(folder));
      return running.store;
    },
    kill: async () => running?.kill(),
    until: (met) => until(met, "the store's answer"),
    end: async () => {
      await running?.kill();
      rmSync(folder, { recursive: true });
    },
  };
});

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
