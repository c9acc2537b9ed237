import { type Evidence, firstDeliveries } from "../checkers/evidence.ts";
import { lostWithThePower } from "../checkers/kept.ts";
import type { FaultKind } from "./faults.ts";
import type { Scene } from "./scene.ts";

/** What became of everything, in numbers that add up: over doorbells, runs and threads. */
export interface Totals {
  doorbells: number;
  /** Inputs that the agents took in. */
  inputs: number;
  /** Events that the agents recorded, presses among them. */
  events: number;
  /** Times that a bell rang. */
  presses: number;
  /** Presses whose row became durable or whose publish was settled. */
  accepted: number;
  /** Presses that reached the consumer, and of those the ones that first came on `late/`. */
  delivered: number;
  late: number;
  /** Presses in an outbox at the end. */
  inOutbox: number;
  /** Events in declared drops, as the consumer was told. */
  dropped: number;
  /** Presses that rang and went with the power before they were accepted. */
  lostWithThePower: number;
  /** Presses that a broker acknowledged and lost. */
  forgotten: number;
  clips: number;
  /** Clips given up before they were uploaded. */
  clipsDropped: number;
  powerCuts: number;
  /** How often each kind of fault really struck. */
  struck: Partial<Record<FaultKind, number>>;
}

export function nothingYet(): Totals {
  return {
    doorbells: 0,
    inputs: 0,
    events: 0,
    presses: 0,
    accepted: 0,
    delivered: 0,
    late: 0,
    inOutbox: 0,
    dropped: 0,
    lostWithThePower: 0,
    forgotten: 0,
    clips: 0,
    clipsDropped: 0,
    powerCuts: 0,
    struck: {},
  };
}

/** Adds what `more` came to. */
export function add<Sums extends object>(sums: Sums, more: Sums): void {
  for (const key of Object.keys(sums) as (keyof Sums)[]) {
    const [mine, other] = [sums[key], more[key]];
    if (typeof mine === "number" && typeof other === "number") sums[key] = (mine + other) as Sums[keyof Sums];
    else if (isCounts(mine) && isCounts(other)) addCounts(mine, other);
  }
}

function addCounts(sums: Record<string, number>, more: Record<string, number>): void {
  for (const [kind, count] of Object.entries(more)) sums[kind] = (sums[kind] ?? 0) + count;
}

function isCounts(value: unknown): value is Record<string, number> {
  return typeof value === "object" && value !== null;
}

/** What one doorbell's run came to; without evidence (its world broke) as far as its ledger knows. */
export function totalsOf({ ledger }: Scene, evidence: Evidence | null): Totals {
  const first = evidence ? [...firstDeliveries(evidence).values()] : [];
  const presses = first.filter(({ event }) => event?.lane === "press");
  const drops = first.filter(({ event }) => event?.type === "drop");
  const ids = (known: Iterable<string>) => [...known].filter((id) => id.includes("-p"));
  const delivered = new Set(presses.map(({ event }) => event?.id));
  return {
    doorbells: 1,
    inputs: ledger.inputs,
    events: ledger.rows.size,
    presses: ledger.powerOns.reduce((sum, { ringsMs }) => sum + ringsMs.length, 0),
    accepted: ids(ledger.accepted.keys()).length,
    delivered: presses.length,
    late: presses.filter(({ message }) => message.topic.includes("/late/")).length,
    inOutbox: evidence?.outbox.filter(({ lane }) => lane === "press").length ?? 0,
    dropped: drops.reduce((sum, { event }) => sum + Number(event?.data.messages), 0),
    lostWithThePower: evidence ? lostWithThePower(evidence) : 0,
    forgotten: ids(ledger.forgotten).filter((id) => !delivered.has(id)).length,
    clips: evidence?.clips.length ?? 0,
    clipsDropped: ledger.evictedClips.size,
    powerCuts: ledger.powerOns.filter(({ end }) => end === "power-cut").length,
    struck: ledger.strikes.counts,
  };
}
