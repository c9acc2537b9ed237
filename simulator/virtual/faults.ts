import type { LinkQuality } from "../network/modelled-link.ts";
import type { Chance } from "../world/chance.ts";
import type { PlannedPress } from "./visits.ts";

/** Everything that can go wrong for a while, with how long it lasts: from, to. */
const MISHAPS = {
  "link.cut": [1_000, 1_200_000],
  "link.flapping": [10_000, 900_000],
  "link.black-hole": [1_000, 600_000],
  "link.half-open-up": [1_000, 300_000],
  "link.half-open-down": [1_000, 300_000],
  "link.slow": [5_000, 300_000],
  "link.jitter": [5_000, 300_000],
  "broker.kill": [500, 300_000],
  "broker.lose-retained": [1, 1],
  "broker.refuse": [5_000, 300_000],
  "broker.forget": [5_000, 300_000],
  "broker.slow-acks": [5_000, 200_000],
  "broker.repeat-acks": [5_000, 600_000],
  "consumer.away": [1_000, 900_000],
  "stranger.garbage": [1, 1],
  "stranger.status": [1, 1],
  "stranger.take-over": [1_000, 120_000],
  "power.cut": [2_000, 120_000],
  "power.cut-at-commit": [2_000, 120_000],
  "power.torn": [2_000, 120_000],
  "agent.restart": [500, 10_000],
  "agent.crash": [1_000, 120_000],
  "memory.pressure": [5_000, 180_000],
  "disk.full": [5_000, 600_000],
  "disk.slow": [5_000, 300_000],
  "disk.io": [1_000, 120_000],
  "disk.read-only": [5_000, 600_000],
  "disk.corrupt": [5_000, 300_000],
  "spool.full": [5_000, 600_000],
  "spool.io": [5_000, 300_000],
  "spool.corrupt": [5_000, 300_000],
  "camera.crash": [1, 1],
  "camera.broken": [2_000, 600_000],
  "camera.stall": [500, 120_000],
  "camera.garbage": [2_000, 300_000],
  "camera.no-keyframe": [5_000, 120_000],
  "camera.other-pictures": [1_000, 600_000],
  "camera.no-still": [5_000, 600_000],
  "button.storm": [10, 5_000],
  "button.line-lost": [500, 600_000],
  "clock.step": [1, 1],
  "clock.lie": [10_000, 1_200_000],
} as const satisfies Record<string, readonly [number, number]>;

export type MishapKind = keyof typeof MISHAPS;
export const MISHAP_KINDS = Object.keys(MISHAPS) as MishapKind[];

/** What is wrong from the beginning, or in the way people ring: it has no time of its own. */
export const TRAIT_KINDS = [
  "broker.repeat-deliveries",
  "button.bounce",
  "button.ghost",
  "button.stuck",
  "button.lean",
  "clock.unset",
  "clock.drift",
] as const;

/** Whatever may strike in a run. */
export type FaultKind = MishapKind | (typeof TRAIT_KINDS)[number];
export const FAULT_KINDS: readonly FaultKind[] = [...MISHAP_KINDS, ...TRAIT_KINDS];

/** One thing that goes wrong at `atMs` and is over after `durationMs`. */
export interface Mishap {
  kind: MishapKind;
  atMs: number;
  durationMs: number;
  /** How bad, 0…1000: what it means is the kind's own. */
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
  /** Of 1,000 batches for the consumer so many end with a message that is sent again. */
  deliverTwicePermille: number;
  /** `driftPpm`: how many millionths the device's quartz is too quick. */
  clock: { synced: boolean; behindMs: number; syncAfterMs: number; driftPpm: number };
  /** Of 1,000 pushes so many chatter, are ghosts of a long wire, or stick; and how often a child leans on it. */
  button: { bouncePermille: number; ghostPermille: number; stuckPermille: number; leans: number };
}

/** A button of which every push is planned already. */
export const STEADY_BUTTON: FaultOptions["button"] = {
  bouncePermille: 0,
  ghostPermille: 0,
  stuckPermille: 0,
  leans: 0,
};

export type FaultLevel = "none" | "mild" | "harsh";

/** A run whose seed draws fewer kinds than this gets further ones: not each strikes. */
const FEWEST_KINDS = 8;
/** 256 kbit/s, the slowest link that is supported. */
const SLOWEST_LINK_BYTES_PER_S = 32_000;
/** The worst quartz of a cheap board, hot or cold. */
const WORST_DRIFT_PPM = 150;

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
  const drift = chance.fork("drift");
  const button = chance.fork("button");
  return {
    link: {
      latencyMs: calm ? 5 : link.spread(1, 400),
      jitterMs: calm ? 0 : link.spread(0, 300),
      bytesPerSecond: link.spread(SLOWEST_LINK_BYTES_PER_S, 5_000_000),
    },
    counts,
    oldWillLast: broker.happens(500),
    keepsRetained: broker.happens(500),
    keepsSessions: broker.happens(500),
    receiptsAnyway: !calm && broker.happens(500),
    deliverTwicePermille: broker.pick([0, 20, 200]),
    clock: {
      synced: calm || clock.happens(500),
      behindMs: clock.spread(0, 90 * 24 * 3_600_000),
      syncAfterMs: clock.spread(500, 600_000),
      driftPpm: calm || drift.happens(500) ? 0 : drift.int(-WORST_DRIFT_PPM, WORST_DRIFT_PPM),
    },
    button: {
      bouncePermille: button.pick([0, 250, 700]),
      ghostPermille: button.pick([0, 80, 200]),
      stuckPermille: button.pick([0, 20, 60]),
      leans: !calm && button.happens(level === "mild" ? 100 : 200) ? button.int(1, 2) : 0,
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
  if (kind === "power.cut" || kind === "agent.restart" || kind === "agent.crash")
    return atMs + chatterMs + chance.spread(30, 20_000);
  // These wait for the next thing that the disk does.
  if (kind === "power.cut-at-commit" || kind === "power.torn") return atMs + chance.int(-50, 500);
  return atMs + chance.int(-20_000, 10_000);
}
