import type { LinkQuality } from "../network/modelled-link.ts";
import type { Chance } from "../world/chance.ts";
import type { PlannedPress } from "./visits.ts";

/** Everything that can go wrong for a while, with how long it lasts: from, to. */
const MISHAPS = {
  "link.cut": [1_000, 1_200_000],
  "link.black-hole": [1_000, 600_000],
  "link.half-open-up": [1_000, 300_000],
  "link.half-open-down": [1_000, 300_000],
  "link.slow": [5_000, 300_000],
  "broker.kill": [500, 300_000],
  "broker.refuse": [5_000, 300_000],
  "broker.forget": [5_000, 300_000],
  "broker.slow-acks": [5_000, 200_000],
  "broker.repeat-acks": [5_000, 600_000],
  "consumer.away": [1_000, 900_000],
  "stranger.garbage": [1, 1],
  "stranger.status": [1, 1],
  "power.cut": [2_000, 120_000],
  "agent.restart": [500, 10_000],
  "disk.full": [5_000, 600_000],
  "disk.slow": [5_000, 300_000],
  "disk.io": [1_000, 120_000],
  "disk.read-only": [5_000, 600_000],
  "spool.full": [5_000, 600_000],
  "camera.crash": [1, 1],
  "camera.broken": [2_000, 600_000],
  "camera.stall": [500, 120_000],
  "clock.step": [1, 1],
} as const satisfies Record<string, readonly [number, number]>;

export type MishapKind = keyof typeof MISHAPS;
export const MISHAP_KINDS = Object.keys(MISHAPS) as MishapKind[];

/** One thing that goes wrong at `atMs` and is over after `durationMs`. */
export interface Mishap {
  kind: MishapKind;
  atMs: number;
  durationMs: number;
  /** How bad: what it means is the kind's own. */
  dose: number;
}

/** All that may go wrong in a run, drawn from its seed and printed with it. */
export interface FaultOptions {
  link: LinkQuality;
  /** How often each thing goes wrong. */
  counts: Partial<Record<MishapKind, number>>;
  /** A take-over publishes the old will last. */
  oldWillLast: boolean;
  /** A killed broker keeps its retained messages, and its sessions. */
  keepsRetained: boolean;
  keepsSessions: boolean;
  /** The consumer gives receipts also where the broker's acknowledgement settles. */
  receiptsAnyway: boolean;
  clock: { synced: boolean; behindMs: number; syncAfterMs: number };
}

export type FaultLevel = "none" | "mild" | "harsh";

/** A run whose seed draws fewer kinds than this gets further ones. */
const FEWEST_KINDS = 3;

export function drawFaults(chance: Chance, level: FaultLevel): FaultOptions {
  const counts: FaultOptions["counts"] = {};
  if (level !== "none") {
    const [permille, most] = level === "mild" ? [180, 2] : [400, 4];
    for (const kind of MISHAP_KINDS) {
      const own = chance.fork(kind);
      if (own.happens(permille)) counts[kind] = own.int(1, most);
    }
    while (Object.keys(counts).length < FEWEST_KINDS) counts[chance.pick(MISHAP_KINDS)] ??= 1;
  }
  const calm = level === "none";
  const link = chance.fork("link");
  const broker = chance.fork("broker");
  const clock = chance.fork("clock");
  return {
    link: {
      latencyMs: calm ? 5 : link.spread(1, 400),
      jitterMs: calm ? 0 : link.spread(0, 300),
      bytesPerSecond: link.int(125_000, 5_000_000),
    },
    counts,
    oldWillLast: broker.happens(500),
    keepsRetained: broker.happens(500),
    keepsSessions: broker.happens(500),
    receiptsAnyway: !calm && broker.happens(500),
    clock: {
      synced: calm || clock.happens(500),
      behindMs: clock.spread(0, 90 * 24 * 3_600_000),
      syncAfterMs: clock.spread(500, 600_000),
    },
  };
}

/** What goes wrong when. Half of it seeks the moments around a press, where it hurts most. */
export function planMishaps(
  chance: Chance,
  counts: FaultOptions["counts"],
  durationMs: number,
  presses: readonly PlannedPress[],
): Mishap[] {
  const mishaps: Mishap[] = [];
  for (const kind of MISHAP_KINDS) {
    for (let number = 0; number < (counts[kind] ?? 0); number += 1) {
      const own = chance.fork(`${kind}/${number}`);
      const atMs = Math.max(
        1,
        Math.min(
          durationMs - 1,
          presses.length > 0 && own.happens(600) ? nearPress(own, kind, presses) : own.int(1, durationMs - 1),
        ),
      );
      const [shortest, longest] = MISHAPS[kind];
      const lastsMs = Math.min(own.spread(shortest, longest), durationMs - atMs);
      mishaps.push({ kind, atMs, durationMs: lastsMs, dose: own.int(0, 1_000) });
    }
  }
  return mishaps.sort((a, b) => a.atMs - b.atMs);
}

function nearPress(chance: Chance, kind: MishapKind, presses: readonly PlannedPress[]): number {
  const { atMs, chatterMs } = chance.pick(presses);
  // A power cut within milliseconds of a press meets its row on the way to the disk.
  if (kind === "power.cut" || kind === "agent.restart") return atMs + chatterMs + chance.spread(30, 20_000);
  return atMs + chance.int(-20_000, 10_000);
}
