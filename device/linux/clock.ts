import { existsSync } from "node:fs";
import type { Clock, ClockChanged, ClockReading, TimeTrust } from "../ports/clock.ts";

/** systemd-timesyncd makes this file when it has set the clock (systemd-timesyncd.service(8)). */
const SYNCHRONIZED = "/run/systemd/timesync/synchronized";
const LOOK_EVERY_MS = 1_000;
/** Slewing moves the clock by less than this between two looks. */
const STEP_MS = 250;

/** The machine's clocks. `timesyncd`: a time is `synced` once that service says so; `system`: it always is. */
export class LinuxClock implements Clock {
  readonly #trustOf: () => TimeTrust;
  #look: NodeJS.Timeout | null = null;

  constructor(source: "timesyncd" | "system", synchronized = SYNCHRONIZED) {
    this.#trustOf =
      source === "system" ? () => "synced" : () => (existsSync(synchronized) ? "synced" : "estimated");
  }

  monotonicMs(): number {
    return Math.floor(performance.now());
  }

  read(): ClockReading {
    return { monotonicMs: this.monotonicMs(), utcMs: Date.now(), trust: this.#trustOf() };
  }

  start(post: (input: ClockChanged) => void): void {
    let last = this.read();
    this.#look = setInterval(() => {
      const now = this.read();
      const movedMs = now.utcMs - now.monotonicMs - (last.utcMs - last.monotonicMs);
      if (Math.abs(movedMs) < STEP_MS && now.trust === last.trust) return;
      last = now;
      post({ type: "clock.changed", occurredAt: now.monotonicMs, utcMs: now.utcMs, trust: now.trust });
    }, LOOK_EVERY_MS);
    this.#look.unref();
  }

  stop(): void {
    if (this.#look) clearInterval(this.#look);
  }
}
