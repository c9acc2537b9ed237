import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect, it, onTestFinished } from "vitest";
import { LedLight } from "../../device/linux/led-light.ts";
import { SimulatedLight } from "../../simulator/hardware/light.ts";
import { until } from "../fixtures/until.ts";
import { lightSuite } from "./light.ts";

/** A folder that looks like /sys/class/leds with one LED in it. */
function ledClass() {
  const folder = mkdtempSync(join(tmpdir(), "porchlight-leds-"));
  const led = join(folder, "ring");
  const brightness = join(led, "brightness");
  mkdirSync(led);
  writeFileSync(brightness, "0");
  let lit = false;
  return {
    folder,
    brightness,
    isLit: () => {
      // A write empties a file that is not the kernel's for a moment.
      const written = readFileSync(brightness, "utf8");
      if (written !== "") lit = written === "1";
      return lit;
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

lightSuite("an LED of the kernel's LED class", async () => {
  const { folder, isLit, remove } = ledClass();
  const light = new LedLight("ring", (line) => expect.fail(line), folder);
  return { light, isLit, until, settle: () => pause(30), end: async () => remove() };
});

lightSuite("simulated", async () => {
  const light = new SimulatedLight();
  return {
    light,
    isLit: () => light.pattern !== "off" && light.pattern !== "idle",
    until: async (met, what) => {
      if (!met()) throw new Error(what);
    },
    settle: async () => undefined,
    end: async () => undefined,
  };
});

describe("an LED", () => {
  it("blinks while it rings, also when that is asked for again and again", async () => {
    const { folder, isLit, remove } = ledClass();
    const light = new LedLight("ring", (line) => expect.fail(line), folder);
    onTestFinished(async () => {
      await light.stop();
      remove();
    });
    const again = setInterval(() => light.show("ringing"), 20);
    onTestFinished(() => clearInterval(again));
    light.show("ringing");
    for (const lit of [true, false, true]) await until(() => isLit() === lit, `lit: ${lit}`, 2_000);
  });

  it("that fails is told once, and again after it worked", async () => {
    const { folder, brightness, remove } = ledClass();
    onTestFinished(remove);
    const lines: string[] = [];
    const light = new LedLight("ring", (line) => lines.push(line), folder);
    rmSync(join(folder, "ring"), { recursive: true });
    for (const pattern of ["recording", "idle", "recording"] as const) light.show(pattern);
    await until(() => lines.length > 0, "the complaint");
    await light.stop();
    expect(lines).toEqual([expect.stringMatching(/^light: .*ring\/brightness cannot be written: ENOENT/)]);
    mkdirSync(join(folder, "ring"));
    light.show("recording");
    await until(() => statSync(brightness, { throwIfNoEntry: false })?.size === 1, "the light");
    rmSync(join(folder, "ring"), { recursive: true });
    light.show("idle");
    await light.stop();
    expect(lines).toHaveLength(2);
  });
});
