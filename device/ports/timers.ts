/** A timer ran out. A generation older than the one last set under `key` is stale and must be ignored. */
export interface TimerFired {
  type: "timer.fired";
  occurredAt: number;
  key: string;
  generation: number;
}

/** Keyed one-shot timers on the monotonic clock. */
export interface Timers {
  start(post: (input: TimerFired) => void): void;
  /** Fires once at or after `atMs` (monotonic); replaces the timer of the same key. */
  set(key: string, generation: number, atMs: number): void;
  clear(key: string): void;
  /** Runs `turn` soon, never before returning: the agent's loop takes its turns here. */
  soon(turn: () => void): void;
  stop(): void;
}
