import { QUANTITIES } from "../sim/quantities.ts";
import type { ConditionValue, ExpectStep } from "./schema.ts";
import type { Seen } from "./stage.ts";

/** What an expectation comes to: it holds, it may yet, or whatever comes it never will. */
export type Verdict = "holds" | "open" | "failed";

/** Counts what an expectation looks at, sighting by sighting, at each of its doorbells. */
export class Tally {
  readonly #step: ExpectStep;
  readonly #doors: readonly number[];
  readonly #counts = new Map<number, number>();
  /** Doors at which it holds now. */
  readonly #holding = new Set<number>();
  /** Times of what was counted within the last second. */
  #recentMs: number[] = [];
  /** More was seen than expected: where, and what was expected. */
  #failed: { door: number; text: string } | null = null;
  /** Too many came at once, in words. */
  #herd: string | null = null;

  constructor(step: ExpectStep, doorbells: number) {
    this.#step = step;
    this.#doors =
      step.door === undefined ? Array.from({ length: doorbells }, (_, door) => door) : [step.door];
    if (step.of === "none") for (const door of this.#doors) this.#holding.add(door);
  }

  add(seen: Seen): void {
    const { door } = this.#step;
    if (door !== undefined && seen.doorbell !== door) return;
    if (!concerns(this.#step, seen)) return;
    const matches = isWanted(this.#step, seen);
    if (matches) this.#look(seen);
    if (isState(this.#step)) {
      if (matches) this.#holding.add(seen.doorbell);
      else this.#holding.delete(seen.doorbell);
    } else if (matches) this.#count(seen.doorbell);
  }

  verdict(): Verdict {
    if (this.#failed !== null || this.#herd !== null) return "failed";
    return this.#holding.size === this.#doors.length ? "holds" : "open";
  }

  /** What was expected and not so, at which doorbell, and what was `seen` there instead. */
  shortfall(seen: readonly Seen[], waitedMs: number): string {
    if (this.#failed) {
      const { door, text } = this.#failed;
      return `expected ${text}${this.#at(door)}; seen: ${seenInWords(seen, door)}`;
    }
    if (this.#herd) return `expected ${this.#herd}`;
    const door = this.#doors.find((one) => !this.#holding.has(one)) ?? 0;
    const others = this.#doors.length - this.#holding.size - 1;
    const more = others > 0 ? ` and ${others} more` : "";
    const waited = waitedMs > 0 ? ` within ${QUANTITIES.duration.format(waitedMs)}` : "";
    return `expected ${expectedInWords(this.#step)}${this.#at(door)}${more}${waited}; seen: ${seenInWords(seen, door)}`;
  }

  #at(door: number): string {
    return this.#doors.length === 1 ? "" : ` at doorbell ${door}`;
  }

  #count(door: number): void {
    const count = (this.#counts.get(door) ?? 0) + 1;
    this.#counts.set(door, count);
    const { least, most } = bounds(this.#step);
    if (count >= least && count <= most) this.#holding.add(door);
    else this.#holding.delete(door);
    if (count > most) this.#failed ??= { door, text: expectedInWords(this.#step) };
  }

  #look({ atMs }: Seen): void {
    const most = "perSecond" in this.#step ? this.#step.perSecond : undefined;
    if (most === undefined) return;
    this.#recentMs = [...this.#recentMs.filter((ms) => ms > atMs - 1_000), atMs];
    if (this.#recentMs.length <= most) return;
    const until = QUANTITIES.duration.format(atMs);
    this.#herd ??= `at most ${most} × ${this.#step.of} within any second; seen: ${this.#recentMs.length} until ${until}`;
  }
}

/** It looks at what is so last, not at how often it was. */
function isState({ of }: ExpectStep): boolean {
  return of === "status" || of === "light";
}

function bounds(step: ExpectStep): { least: number; most: number } {
  switch (step.of) {
    case "ring":
      return { least: step.ring, most: step.ring };
    case "snapshot":
      return { least: step.snapshot, most: step.snapshot };
    case "event":
    case "clip":
      return { least: step.count ?? step.atLeast ?? 1, most: step.count ?? Number.POSITIVE_INFINITY };
    default:
      return { least: 0, most: 0 };
  }
}

/** Whether a sighting is of the kind that the expectation looks at. */
function concerns(step: ExpectStep, seen: Seen): boolean {
  if (step.of !== "none") return step.of === seen.what;
  const { none } = step;
  return none === "ring" || none === "snapshot" || none === "clip"
    ? seen.what === none
    : seen.what === "event";
}

function isWanted(step: ExpectStep, seen: Seen): boolean {
  switch (seen.what) {
    case "event":
      return (
        (step.of === "event" || step.of === "none") &&
        seen.type === (step.of === "event" ? step.event : step.none) &&
        (step.late === undefined || step.late === seen.late) &&
        Object.entries(step.where ?? {}).every(([name, wanted]) => isSo(seen.data[name], wanted))
      );
    case "clip":
      if (step.of === "none") return seen.state === "whole";
      return (
        step.of === "clip" &&
        step.clip === seen.state &&
        (step.end === undefined || step.end === seen.end) &&
        seen.preRollMs >= (step.preRoll ?? 0)
      );
    case "status":
      return step.of === "status" && step.status === seen.state;
    case "light":
      return step.of === "light" && step.light === seen.pattern;
    default:
      return true;
  }
}

function isSo(found: unknown, wanted: ConditionValue): boolean {
  if (typeof wanted !== "object") return found === wanted;
  const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = wanted;
  return typeof found === "number" && found >= from && found <= to;
}

/** An expectation for a person. */
export function expectedInWords(step: ExpectStep): string {
  switch (step.of) {
    case "ring":
      return `${step.ring} × ring`;
    case "snapshot":
      return `${step.snapshot} × snapshot`;
    case "status":
      return `status ${step.status}`;
    case "light":
      return `light ${step.light}`;
    case "none":
      return `no ${step.none}${conditionsInWords(step)}`;
    case "event":
      return `${manyInWords(step)} × event ${step.event}${conditionsInWords(step)}`;
    case "clip": {
      const { preRoll, end } = step;
      const more = [
        ...(end === undefined ? [] : [`end ${end}`]),
        ...(preRoll === undefined ? [] : [`pre-roll of at least ${QUANTITIES.duration.format(preRoll)}`]),
      ];
      return `${manyInWords(step)} × clip ${step.clip}${more.length > 0 ? ` (${more.join(", ")})` : ""}`;
    }
  }
}

function manyInWords({ count, atLeast }: { count?: number; atLeast?: number }): string {
  return count === undefined ? `at least ${atLeast ?? 1}` : String(count);
}

function conditionsInWords({
  late,
  where,
}: {
  late?: boolean;
  where?: Readonly<Record<string, ConditionValue>>;
}): string {
  const parts = [
    ...(late === undefined ? [] : [late ? "late" : "not late"]),
    ...Object.entries(where ?? {}).map(([name, wanted]) => `${name} ${JSON.stringify(wanted)}`),
  ];
  return parts.length > 0 ? ` (${parts.join(", ")})` : "";
}

/** What was seen at one doorbell, for a person: how often each thing, and the last state of each kind. */
export function seenInWords(seen: readonly Seen[], door: number): string {
  const counts = new Map<string, number>();
  const states = new Map<string, string>();
  for (const one of seen) {
    if (one.doorbell !== door) continue;
    if (one.what === "status") states.set("status", one.state);
    else if (one.what === "light") states.set("light", one.pattern);
    else {
      const name = nameOf(one);
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
  }
  const parts = [
    ...[...counts].map(([name, count]) => `${count} × ${name}`),
    ...[...states].map(([kind, state]) => `${kind} ${state}`),
  ];
  return parts.length > 0 ? parts.join(", ") : "nothing";
}

function nameOf(seen: Seen): string {
  if (seen.what === "event") {
    const what = [seen.data.gesture, seen.data.state].find((fact) => typeof fact === "string");
    const facts = [...(seen.late ? ["late"] : []), ...(what === undefined ? [] : [what])];
    return `event ${seen.type}${facts.length > 0 ? ` (${facts.join(", ")})` : ""}`;
  }
  if (seen.what !== "clip") return seen.what;
  const end = seen.end === "" ? "" : `, ${seen.end}`;
  return `clip ${seen.state} (pre-roll ${QUANTITIES.duration.format(seen.preRollMs)}${end})`;
}
