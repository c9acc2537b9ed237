import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it, onTestFinished } from "vitest";
import { parseRecord } from "../../agent/config/record.ts";
import {
  ConfigurationFile,
  configurationFile,
  readConfigurationText,
} from "../../device/linux/configuration-file.ts";
import type { ConfigurationInput } from "../../device/ports/configuration-store.ts";
import {
  ConfigurationDisk,
  SimulatedConfigurationStore,
} from "../../simulator/hardware/configuration-store.ts";
import { Chance } from "../../simulator/world/chance.ts";
import { PoweredTime } from "../../simulator/world/device-time.ts";
import { World } from "../../simulator/world/world.ts";
import { until } from "../fixtures/until.ts";
import { configurationStoreSuite, record } from "./configuration-store.ts";

const clock = { monotonicMs: () => Math.round(performance.now()) };

function newFolder(): string {
  return mkdtempSync(join(tmpdir(), "porchlight-configuration-"));
}

async function readFile(folder: string) {
  const text = await readConfigurationText(folder);
  if (text === null) return null;
  const found = parseRecord(text);
  if (!found) throw new Error(`torn: ${text.slice(0, 200)}`);
  return found;
}

configurationStoreSuite("a file", async () => {
  const folder = newFolder();
  const inTheWay = `${configurationFile(folder)}.new`;
  return {
    open: async (problemsOf) => new ConfigurationFile(folder, clock, problemsOf),
    read: () => readFile(folder),
    setBroken: async (broken) => {
      rmSync(inTheWay, { recursive: true, force: true });
      if (broken) mkdirSync(join(inTheWay, "x"), { recursive: true });
    },
    until,
    end: async () => rmSync(folder, { recursive: true, force: true }),
  };
});

configurationStoreSuite("simulated", async () => {
  const world = new World(7);
  const disk = new ConfigurationDisk();
  return {
    open: async (problemsOf) => {
      const store = new SimulatedConfigurationStore(new PoweredTime(world), disk, new Chance(7), problemsOf);
      // Virtual time passes while a test waits for `stop`.
      const stop = store.stop.bind(store);
      store.stop = async () => {
        const stopped = stop();
        world.runUntil(world.nowMs + 1_000);
        await stopped;
      };
      return store;
    },
    read: async () => disk.read(),
    setBroken: async (broken) => {
      disk.fails = broken;
    },
    until: async (met, what) => {
      for (let ms = 0; ms < 1_000 && !met(); ms += 1) world.runUntil(world.nowMs + 1);
      if (!met()) throw new Error(what);
    },
    end: async () => undefined,
  };
});

describe("a record, when the power goes at any moment,", () => {
  it("is the old one or the new one in a file, readable by its owner alone", async () => {
    const folder = newFolder();
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const program = fileURLToPath(new URL("../fixtures/configuration-process.mjs", import.meta.url));
    const module = new URL("../../dist/device/linux/configuration-file.js", import.meta.url).href;
    let version = 0;
    for (let round = 0; round < 5; round += 1) {
      const child = spawn(process.execPath, [program, folder, module, String(version)]);
      let said = "";
      child.stdout.on("data", (text) => {
        said += text;
      });
      await until(() => said.includes("\n"), "the first record", 20_000);
      await pause(round * 3);
      child.kill("SIGKILL");
      await once(child, "close");
      const last = Number(said.trimEnd().split("\n").at(-1));
      version = (await readFile(folder))?.inForce.version ?? 0;
      expect(last - version, `said ${last}, found ${version}`).toBeOneOf([0, -1]);
    }
    expect(statSync(configurationFile(folder)).mode & 0o777).toBe(0o600);
  });

  it("is the old one or the new one on a simulated card, and each of them in some run", () => {
    const outcomes = new Set<string>();
    for (let seed = 0; seed < 64; seed += 1) {
      const world = new World(seed);
      const disk = new ConfigurationDisk();
      disk.write(record(1));
      const store = new SimulatedConfigurationStore(new PoweredTime(world), disk, new Chance(seed), () => []);
      const answers: ConfigurationInput[] = [];
      store.start((input) => answers.push(input));
      store.save(record(2));
      store.save(record(3));
      world.runUntil(seed % 12);
      store.powerCut();
      world.runUntil(1_000);
      const found = disk.read();
      const version = found?.inForce.version ?? 0;
      expect(found).toEqual(record(version));
      expect(version - answers.length).toBeOneOf([1, 2]);
      outcomes.add(`${answers.length} answered, ${version} found`);
    }
    expect(outcomes.size).toBeGreaterThan(4);
  });
});
