import type { Settings } from "../../agent/contract/settings.ts";
import type { MishapKind } from "../virtual/faults.ts";
import { settingsOf } from "./door-settings.ts";
import type { Scenario, Step } from "./schema.ts";
import { goneAfterMs, motionOf, type Push, pushesOf } from "./timeline.ts";

/** A door, or all of them. */
type Which = number | undefined;

/** What the steps before one have done, as far as that is known before anything is played. */
export class Before {
  readonly settings: readonly Settings[];
  /** Fingers, and when they came at the earliest. */
  readonly pushes: { door: Which; fromMs: number; push: Push }[] = [];
  readonly motions: { door: Which; fromMs: number }[] = [];
  /** What goes on without an end. */
  open: { kind: MishapKind; door: Which }[] = [];
  /** Every kind that has gone wrong so far. */
  readonly begun: { kind: MishapKind; door: Which }[] = [];
  clockWasSet = false;
  readonly scenario: Scenario;

  constructor(scenario: Scenario) {
    this.scenario = scenario;
    const known = new Map<string, Settings>();
    this.settings = scenario.doorbells.map(({ settings }) => {
      const key = JSON.stringify(settings);
      const made = known.get(key) ?? settingsOf(settings);
      known.set(key, made);
      return made;
    });
  }

  add(step: Step, fromMs: number): void {
    const { door } = step;
    for (const push of pushesOf(step)) this.pushes.push({ door, fromMs: fromMs + push.afterMs, push });
    if (motionOf(step)) this.motions.push({ door, fromMs });
    if (step.step === "clock") this.clockWasSet = true;
    if (step.step === "fault") this.#begin(step.kind, door, step.for !== undefined);
    else if (step.step === "power" && step.to === "cut") this.#begin("power.cut", door, false);
    else if (step.step === "power") this.#heal("power.cut", door);
    else if (step.step === "heal") this.#heal(step.kind, door);
  }

  isOpen(kind: MishapKind, door: Which): boolean {
    return this.open.some((one) => one.kind === kind && meet(one.door, door));
  }

  /** Whether one of these kinds has gone wrong at this door, which is every one when it is not told. */
  hasBegun(door: Which, kinds: (kind: MishapKind) => boolean = () => true): boolean {
    return this.begun.some((one) => kinds(one.kind) && meet(one.door, door));
  }

  /** Until when a push of this door's button would be taken for a part of the one before it. */
  busyUntil(door: Which): number {
    const holdMs = Math.max(...this.settingsAt(door).map(({ button }) => button.holdMs));
    const gone = this.pushes
      .filter((one) => meet(one.door, door))
      .map(({ fromMs, push }) => fromMs + goneAfterMs(push) - push.afterMs + holdMs);
    return Math.max(0, ...gone);
  }

  /** The settings of these doors. */
  settingsAt(door: Which): readonly Settings[] {
    const one = door === undefined ? undefined : this.settings[door];
    return one ? [one] : this.settings;
  }

  /** Fingers at this door that stay long enough to ring. Of every door those that push at all of them. */
  ringsAt(door: Which): { fromMs: number; push: Push }[] {
    const holdMs = Math.min(...this.settingsAt(door).map(({ button }) => button.holdMs));
    return this.pushes.filter(
      (one) => covers(one.door, door, this.settings.length) && one.push.holdMs >= holdMs,
    );
  }

  motionsAt(door: Which): { fromMs: number }[] {
    return this.motions.filter((one) => covers(one.door, door, this.settings.length));
  }

  #begin(kind: MishapKind, door: Which, ends: boolean): void {
    this.begun.push({ kind, door });
    if (!ends) this.open.push({ kind, door });
  }

  #heal(kind: MishapKind | "all", door: Which): void {
    this.open = this.open.filter((one) => (kind !== "all" && one.kind !== kind) || !meet(one.door, door));
  }
}

function meet(one: Which, other: Which): boolean {
  return one === undefined || other === undefined || one === other;
}

/** Whether what was done at `done` counts for an expectation at `wanted`: every door, unless it names one. */
function covers(done: Which, wanted: Which, doorbells: number): boolean {
  return done === undefined || done === wanted || (wanted === undefined && doorbells === 1);
}
