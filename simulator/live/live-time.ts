import type { DeviceTime } from "../world/device-time.ts";

/** Real time for simulated hardware, on the same monotonic clock as the machine's own. */
export const liveTime: DeviceTime = {
  monotonicMs: () => Math.floor(performance.now()),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
