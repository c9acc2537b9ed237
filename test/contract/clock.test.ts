import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import { LinuxClock } from "../../device/linux/clock.ts";
import { SimulatedClock } from "../../simulator/hardware/clock.ts";
import { PoweredTime } from "../../simulator/world/device-time.ts";
import { World } from "../../simulator/world/world.ts";
import { clockSuite } from "./clock.ts";

/** A board that woke up long ago, by its own account. */
const AT_BOOT_UTC_MS = 1_700_000_000_000;

// The machine's clock is nobody's to set: the runtime's is, as a test's tools can replace it.
clockSuite("the machine's", () => {
  const folder = mkdtempSync(join(tmpdir(), "porchlight-clock-"));
  const synchronized = join(folder, "synchronized");
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval", "Date", "performance"], now: AT_BOOT_UTC_MS });
  return {
    clock: new LinuxClock("timesyncd", synchronized),
    pass: (ms) => void vi.advanceTimersByTime(ms),
    sync: (utcMs) => {
      vi.setSystemTime(utcMs);
      writeFileSync(synchronized, "");
    },
    step: (byMs) => void vi.setSystemTime(Date.now() + byMs),
    end: () => {
      vi.useRealTimers();
      rmSync(folder, { recursive: true });
    },
  };
});

clockSuite("simulated", () => {
  const world = new World(1);
  const clock = new SimulatedClock(new PoweredTime(world), AT_BOOT_UTC_MS, "estimated");
  return {
    clock,
    pass: (ms) => world.runUntil(world.nowMs + ms),
    sync: (utcMs) => clock.sync(utcMs),
    step: (byMs) => clock.step(byMs),
    end: () => undefined,
  };
});
