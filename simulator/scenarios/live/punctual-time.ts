import type { DeviceTime } from "../../world/device-time.ts";

/**
 * Real time in which whatever was planned happens at its very millisecond: a busy machine runs it a little later, and
 * it does not notice. A finger's edges then lie as far apart as they were meant to, as the kernel would date them.
 */
export function punctual(time: DeviceTime): DeviceTime {
  let happensAtMs: number | null = null;
  const monotonicMs = () => happensAtMs ?? time.monotonicMs();
  return {
    monotonicMs,
    after(delayMs, run) {
      const dueAtMs = monotonicMs() + delayMs;
      return time.after(Math.max(0, dueAtMs - time.monotonicMs()), () => {
        happensAtMs = dueAtMs;
        try {
          run();
        } finally {
          happensAtMs = null;
        }
      });
    },
  };
}
