import type { Seen } from "../sim/seen.ts";
import type { MishapKind } from "../virtual/faults.ts";
import type { PlannedCommand } from "../virtual/wishes.ts";

export type { Seen };

/**
 * Where a scenario is played: a world on a virtual clock, or this machine with a real broker and real ffmpeg. The
 * same story does the same on both: what is done to a doorbell, and what was seen of it. Doorbells count from 0.
 */
export interface Stage {
  readonly kind: "virtual" | "live";
  readonly doorbells: number;
  /** Integer milliseconds since the scenario began. */
  nowMs(): number;
  /** Everything that was seen so far, oldest first. It only grows. */
  readonly seen: readonly Seen[];
  /** Why this cannot be played here, in words that follow its name; null when it can. Asked before anything begins. */
  cannot(what: MishapKind | "clock" | "ask"): string | null;
  /** Runs `run` at that time, or next when it is past; those of one instant in the order of the calls. */
  at(atMs: number, run: () => void): void;
  /** A finger on the button: down now, up after `holdMs`; both flanks chatter for `chatterMs`. */
  push(doorbell: number, push: { holdMs: number; chatterMs: number }): void;
  /** Something moves before the camera for `forMs`. */
  move(doorbell: number, motion: { forMs: number; areaPermille: number; zones: number[] }): void;
  /**
   * Something goes wrong from now on, until what this answers is called. `dose` 0…1000: how bad; what that means is
   * the kind's own. What goes wrong at the broker is asked for once, of doorbell 0. Never asked for what it `cannot`.
   */
  begin(doorbell: number, kind: MishapKind, dose: number): () => void;
  /** Somebody at the broker asks for something. */
  ask(doorbell: number, command: Omit<PlannedCommand, "atMs">): void;
  /** The device's clock is set by so much, or by a time server. */
  setClock(doorbell: number, to: { stepMs: number } | "sync"): void;
}

/** What a player waits for: the time `untilMs`, or earlier the moment from which `enough` holds. */
export interface Pause {
  untilMs: number;
  enough: () => boolean;
}

/**
 * A scenario being played: it yields whenever time has to pass. A virtual stage runs its world on, a live one waits;
 * neither decides anything else. `enough` may hold already when it yields, and may be asked at any time.
 */
export type Playing<Result> = Generator<Pause, Result, void>;
