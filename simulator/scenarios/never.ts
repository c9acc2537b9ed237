import { Value } from "typebox/value";
import { EventData, type EventType } from "../../agent/contract/events.ts";
import { LATE_AFTER_MS } from "../../agent/contract/topics.ts";
import { QUANTITIES } from "../sim/quantities.ts";
import type { MishapKind } from "../virtual/faults.ts";
import { allowedIn, didYouMean, quoted } from "./fields.ts";
import type { ConditionValue, Declared, ExpectStep } from "./schema.ts";
import type { Before } from "./so-far.ts";

/** Why an expectation can never be met, and at which of its fields. */
interface Never {
  field: string;
  text: string;
}

type Of<K extends ExpectStep["of"]> = Extract<ExpectStep, { of: K }>;

const inTime = QUANTITIES.duration.format;
/** A clip begins with the group of pictures at or before its pre-roll. */
const LONGEST_GROUP_MS = 2_000;

/**
 * Why this can never be met after these steps, when it must hold at `latestMs` at the latest; null when it can.
 * What is not known for sure is not refused.
 */
export function neverMet(step: ExpectStep, before: Before, latestMs: number): Never | null {
  switch (step.of) {
    case "event":
      return neverEvent(step, before, latestMs);
    case "ring":
      if (asksBefore(before, "chime") > 0) return null;
      return tooManyRings(step, "ring", step.ring, before, latestMs);
    case "snapshot":
      return neverSnapshot(step, before);
    case "clip":
      return neverClip(step, before, latestMs);
    case "status":
      return neverStatus(step, before);
    case "light":
      return neverLight(step, before);
    case "none":
      return neverNone(step);
  }
}

function neverEvent(step: Of<"event">, before: Before, latestMs: number): Never | null {
  const { event, where, late, door } = step;
  const many = step.atLeast ?? step.count ?? 1;
  if (step.count !== undefined && step.atLeast !== undefined)
    return { field: "atLeast", text: "count and atLeast are two ways to say how many: keep one" };
  return (
    wrongCondition(event, where) ??
    noCause(event, before, door) ??
    (event === "press" ? tooManyRings(step, "event", many, before, latestMs) : null) ??
    (event === "start" ? tooManyStarts(step, many, before) : null) ??
    (late === true ? neverLate(step, before, latestMs) : null)
  );
}

/** What must have been done or set so that there is an event of this type. */
function noCause(type: EventType, before: Before, door: number | undefined): Never | null {
  const settings = before.settingsAt(door);
  const none = (text: string): Never => ({ field: "event", text: `there is no ${type} event: ${text}` });
  const camera = settings.every(({ camera: { source } }) => source !== "none");
  switch (type) {
    case "press":
    case "button":
      return before.ringsAt(door).length > 0 || before.hasBegun(door, (kind) => kind.startsWith("button."))
        ? null
        : none("nobody pushes the button before it, long enough and at this door");
    case "motion":
      if (!camera) return none("the setting camera.source is none");
      if (!settings.every(({ motion }) => motion.watch)) return none("the setting motion.watch is false");
      return before.motionsAt(door).length > 0 ? null : none("nothing moves before it");
    case "self-test":
      return asksBefore(before, "self-test") > 0 ? null : none("nobody asks for one before it");
    case "camera":
      return camera ? null : none("the setting camera.source is none");
    case "snapshot":
    case "clip":
      return causesOfClips(before, door) > 0
        ? null
        : none("nobody rings before it, and no motion is recorded");
    case "clock":
      return before.clockWasSet ||
        before.scenario.doorbells.some(({ clock }) => !clock.synced || clock.driftPpm !== 0) ||
        before.hasBegun(door, (kind) => kind.startsWith("clock."))
        ? null
        : none("the clock is right from the start, and nobody sets it before it");
    case "drop":
      return before.hasBegun(door) ? null : none("nothing has gone wrong before it");
    case "start":
      return null;
  }
}

function tooManyRings(
  step: ExpectStep,
  field: string,
  many: number,
  before: Before,
  latestMs: number,
): Never | null {
  const rings = before.ringsAt(step.door);
  // A button on a long wire presses by itself.
  if (before.hasBegun(step.door, (kind) => kind.startsWith("button."))) return null;
  const nth = rings[many - 1];
  if (!nth) {
    const there = rings.length === 0 ? "nobody rings before it" : `only ${rings.length} come before it`;
    const which = field === "ring" || step.of !== "event" || step.count === undefined ? field : "count";
    return { field: which, text: `${many} ${many === 1 ? "press" : "presses"} expected, and ${there}` };
  }
  const holdMs = Math.min(...before.settingsAt(step.door).map(({ button }) => button.holdMs));
  const ringsAtMs = nth.fromMs + nth.push.chatterMs + holdMs;
  if (latestMs >= ringsAtMs) return null;
  const text = `a press is one after button.holdMs (${inTime(holdMs)}): wait, or write within: 1s`;
  return { field: "within", text };
}

function tooManyStarts(step: Of<"event">, many: number, before: Before): Never | null {
  const restarts = before.begun.filter(({ kind }) => mayRestart(kind));
  // Each of these is one; a crash may come again and again.
  const isCounted = restarts.every(({ kind }) => kind === "power.cut" || kind === "agent.restart");
  if (!isCounted || many <= restarts.length + 1) return null;
  const field = step.count === undefined ? "atLeast" : "count";
  return {
    field,
    text: `${many} starts expected, and the agent starts at most ${restarts.length + 1} times before it`,
  };
}

function neverLate(step: Of<"event">, before: Before, latestMs: number): Never | null {
  const { door } = step;
  if (!before.hasBegun(door) && before.scenario.doorbells.every(({ link }) => link.latency < LATE_AFTER_MS))
    return {
      field: "late",
      text: "late is true, and nothing goes wrong before it that could delay anything",
    };
  const restarts = before.hasBegun(door, mayRestart);
  const first = before.ringsAt(door)[0];
  // Across a restart an age is not always known, and then it is late.
  if (step.event !== "press" || restarts || !first || latestMs > first.fromMs + LATE_AFTER_MS) return null;
  const text = `nothing is late within ${inTime(LATE_AFTER_MS)} of its press: wait, or write a longer within`;
  return { field: "late", text };
}

/** After it the agent begins anew, and an age may not be known. */
function mayRestart(kind: MishapKind): boolean {
  return /^(power|agent|memory)\./.test(kind);
}

function wrongCondition(type: EventType, where: Readonly<Record<string, ConditionValue>> = {}): Never | null {
  const properties = EventData[type].properties as Readonly<Record<string, Declared>>;
  for (const [name, wanted] of Object.entries(where)) {
    const declared = Object.hasOwn(properties, name) ? properties[name] : undefined;
    const names = Object.keys(properties);
    if (!declared) {
      const hint = didYouMean(name, names) || `; it has ${names.join(", ")}`;
      return { field: "where", text: `a ${type} event has no ${quoted(name)}${hint}` };
    }
    if (typeof wanted === "object") {
      const { from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY } = wanted;
      if (declared.type !== "integer")
        return { field: "where", text: `${name} is no number: give one of ${allowedIn(declared)}` };
      if (from > to) return { field: "where", text: `${name} is never from ${from} to ${to}` };
      if (to < (declared.minimum ?? to))
        return { field: "where", text: `${name} is never below ${declared.minimum}` };
    } else if (!Value.Check(declared, wanted)) {
      const allowed =
        declared.type === "integer" && declared.minimum !== undefined
          ? `a whole number from ${declared.minimum} on`
          : allowedIn(declared);
      return { field: "where", text: `${name} is never ${JSON.stringify(wanted)}, allowed: ${allowed}` };
    }
  }
  return null;
}

/** Presses and motions before it that a snapshot and a clip are taken of. */
function causesOfClips(before: Before, door: number | undefined): number {
  const recorded = before.settingsAt(door).every(({ motion }) => motion.watch && motion.recordClip);
  const asked = asksBefore(before, "snapshot", "record");
  return before.ringsAt(door).length + (recorded ? before.motionsAt(door).length : 0) + asked;
}

/** Steps of the scenario that ask for one of these. */
function asksBefore({ scenario }: Before, ...commands: string[]): number {
  return scenario.steps.filter((step) => step.step === "ask" && commands.includes(step.command)).length;
}

function noCamera(before: Before, door: number | undefined): boolean {
  return before.settingsAt(door).some(({ camera }) => camera.source === "none");
}

function neverSnapshot(step: Of<"snapshot">, before: Before): Never | null {
  const field = "snapshot";
  if (noCamera(before, step.door)) return { field, text: "no snapshot: the setting camera.source is none" };
  const causes = causesOfClips(before, step.door);
  if (step.snapshot <= causes) return null;
  return {
    field,
    text: `${step.snapshot} expected, and only ${causes} presses or recorded motions come before it`,
  };
}

function neverClip(step: Of<"clip">, before: Before, latestMs: number): Never | null {
  const { door, preRoll, end } = step;
  const field = "clip";
  const settings = before.settingsAt(door);
  if (step.count !== undefined && step.atLeast !== undefined)
    return { field: "atLeast", text: "count and atLeast are two ways to say how many: keep one" };
  if (noCamera(before, door)) return { field, text: "no clip: the setting camera.source is none" };
  if (causesOfClips(before, door) === 0)
    return { field, text: "no clip: nobody rings before it, and no motion is recorded" };
  const kept = Math.max(...settings.map(({ clip }) => clip.preRollMs));
  if (preRoll !== undefined && preRoll > kept + LONGEST_GROUP_MS)
    return { field: "preRoll", text: `the setting clip.preRollMs keeps ${inTime(kept)}` };
  if (step.clip === "aborted" && end !== undefined)
    return { field: "end", text: "an aborted clip has no end" };
  const calm = !before.hasBegun(door);
  if (calm && end !== undefined && end !== "finished")
    return { field: "end", text: `nothing goes wrong before it, so a clip ends finished, not ${end}` };
  const postRollMs = Math.min(...settings.map(({ clip }) => clip.postRollMs));
  const first = before.ringsAt(door)[0];
  const motions = settings.some(({ motion }) => motion.recordClip) && before.motions.length > 0;
  if (!calm || motions || !first || latestMs >= first.fromMs + postRollMs) return null;
  const text = `a clip goes on for clip.postRollMs (${inTime(postRollMs)}) after the press: wait, or a longer within`;
  return { field: "within", text };
}

function neverStatus(step: Of<"status">, before: Before): Never | null {
  const { status, door } = step;
  if (status === "offline" && !before.hasBegun(door))
    return { field: "status", text: "nothing goes wrong before it: nobody tells that it is offline" };
  if (status === "stopped" && !before.hasBegun(door, (kind) => kind.startsWith("agent.")))
    return { field: "status", text: "nothing stops the agent before it: use fault: agent.restart" };
  return null;
}

function neverLight(step: Of<"light">, before: Before): Never | null {
  const { light, door } = step;
  const field = "light";
  if (light === "ringing" && before.ringsAt(door).length === 0)
    return { field, text: "nobody rings before it" };
  if (light === "recording" && (noCamera(before, door) || causesOfClips(before, door) === 0))
    return { field, text: "nothing is recorded before it" };
  if ((light === "fault" || light === "off") && !before.hasBegun(door))
    return { field, text: "nothing goes wrong before it" };
  return null;
}

function neverNone(step: Of<"none">): Never | null {
  const { none, late, where } = step;
  if (none === "ring" || none === "snapshot" || none === "clip") {
    const field = late !== undefined ? "late" : where !== undefined ? "where" : null;
    return field ? { field, text: `a ${none} is no event: leave ${field} out` } : null;
  }
  return wrongCondition(none, where);
}
