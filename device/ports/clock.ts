/** How far a UTC reading can be trusted: `synced` to a time server, or `estimated` (a Pi has no clock battery). */
export type TimeTrust = "synced" | "estimated";

/** One reading of both clocks. Both are integer milliseconds; `monotonicMs` never goes back within a process. */
export interface ClockReading {
  monotonicMs: number;
  utcMs: number;
  trust: TimeTrust;
}

/** UTC moved against the monotonic clock (a sync, a step), or its trust changed. `occurredAt` is monotonic. */
export interface ClockChanged {
  type: "clock.changed";
  occurredAt: number;
  utcMs: number;
  trust: TimeTrust;
}

/** The two clocks of a device. */
export interface Clock {
  /** Integer milliseconds since an arbitrary point; never decreases. */
  monotonicMs(): number;
  /** Both clocks at once. */
  read(): ClockReading;
  /** Reports every later change of UTC against the monotonic clock, until `stop`. */
  start(post: (input: ClockChanged) => void): void;
  stop(): void;
}
