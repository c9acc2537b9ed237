import { QUANTITIES } from "../sim/quantities.ts";
import { settingProblems, settingsOf } from "./door-settings.ts";
import { neverMet } from "./never.ts";
import type { ActStep, Scenario, Step } from "./schema.ts";
import { Before } from "./so-far.ts";
import { isWaitedFor, pushesOf, takesMs } from "./timeline.ts";

/** Something that makes no sense: where, as in `steps.3.count`, and what would be right. */
export interface Nonsense {
  path: string;
  text: string;
}

const inTime = QUANTITIES.duration.format;

/** What is right field by field and cannot be as a whole: a fault healed that never began, a thing never to be met. */
export function senseProblems(scenario: Scenario): Nonsense[] {
  const { doorbells, steps, lasts } = scenario;
  const problems = settingsNonsense(scenario);
  const before = new Before(scenario);
  /** When the next step begins, at the earliest and at the latest, and before when it may not. */
  let [from, to, floor] = [0, 0, 0];
  let above = "";
  for (const [at, step] of steps.entries()) {
    const path = `steps.${at}`;
    const refuse = (field: string, text: string) => problems.push({ path: `${path}.${field}`, text });
    if (step.door !== undefined && step.door >= doorbells.length)
      refuse("door", `there is no doorbell ${step.door}: ${doorsInWords(doorbells.length)}`);
    const isBackwards = step.at !== undefined && step.at < floor;
    if (step.at !== undefined) {
      if (isBackwards)
        refuse(
          "at",
          `time goes backwards: the step before it ${above} ${inTime(floor)}, allowed: that or later`,
        );
      [from, to] = [step.at, step.at];
    }
    const takes = takesMs(step);
    if (lasts > 0 && to + (isWaitedFor(step) ? takes.most : 0) > lasts)
      refuse(
        "at",
        `the scenario ends at ${inTime(lasts)} (lasts), and this goes on until ${inTime(to + takes.most)}`,
      );
    if (step.step === "expect") {
      const text = neverMet(step, before, to + takes.most);
      if (text) problems.push({ path: text.field ? `${path}.${text.field}` : path, text: text.text });
    } else if (!isBackwards) {
      const nonsense = actNonsense(step, before, from, scenario);
      if (nonsense) refuse(nonsense.path, nonsense.text);
    }
    before.add(step, from);
    floor = isWaitedFor(step) ? to + takes.most : from;
    above = isWaitedFor(step) ? "may last until" : "begins at";
    [from, to] = [from + takes.least, to + takes.most];
  }
  return problems;
}

function settingsNonsense({ doorbells }: Scenario): Nonsense[] {
  const told = new Set<string>();
  return doorbells.flatMap(({ settings }, at) => {
    const key = JSON.stringify(settings);
    if (told.has(key)) return [];
    told.add(key);
    const own = (path: string) => `doorbells.${at}.settings.${path}`;
    return settingProblems(settingsOf(settings)).map(({ path, text }) => ({
      path: doorbells.length > 1 ? own(path) : `settings.${path}`,
      text: `${path}: ${text}`,
    }));
  });
}

function actNonsense(step: ActStep, before: Before, from: number, scenario: Scenario): Nonsense | null {
  const busy = pushesOf(step).length > 0 ? before.busyUntil(step.door) : 0;
  if (busy > from + (pushesOf(step)[0]?.afterMs ?? 0))
    return {
      path: step.step,
      text: `too soon after the push before it, allowed: from ${inTime(busy)} on (button.holdMs after the release)`,
    };
  switch (step.step) {
    case "motion":
      return zoneNonsense(step, scenario);
    case "clock":
      if ((step.to === undefined) !== (step.by === undefined)) return null;
      return { path: "to", text: "clock is one of sync and {by: …}, such as clock: {by: -2h}" };
    case "heal":
      if (step.kind === "all" ? before.open.length > 0 : before.isOpen(step.kind, step.door)) return null;
      return { path: "kind", text: healInWords(step.kind, before) };
    case "power":
      if (before.isOpen("power.cut", step.door) === (step.to === "on")) return null;
      return {
        path: "to",
        text: step.to === "on" ? "the power was not cut before it" : "the power is off already",
      };
    case "fault":
      return faultNonsense(step);
    default:
      return null;
  }
}

function zoneNonsense(step: Extract<ActStep, { step: "motion" }>, scenario: Scenario): Nonsense | null {
  if (step.zones.length === 0) return null;
  const counts = doorsOf(step, scenario).map(({ settings }) => settingsOf(settings).motion.zones.length);
  const fewest = Math.min(...counts);
  const wrong = step.zones.find((zone) => zone >= fewest);
  if (wrong === undefined) return null;
  const there = fewest === 0 ? "has none" : fewest === 1 ? "has one, 0" : `has 0 to ${fewest - 1}`;
  return { path: "zones", text: `there is no zone ${wrong}: the setting motion.zones ${there}` };
}

function faultNonsense(step: Extract<ActStep, { step: "fault" }>): Nonsense | null {
  if (step.door !== undefined && step.kind.startsWith("broker."))
    return { path: "door", text: "all doorbells have one broker: leave door out" };
  return null;
}

function healInWords(kind: string, { open }: Before): string {
  const known = [...new Set(open.map((one) => one.kind))];
  const there =
    known.length > 0
      ? `what goes on without an end is ${known.join(", ")}`
      : "nothing goes on that has no end";
  return kind === "all"
    ? `nothing to heal: ${there}`
    : `${kind} did not begin before it without an end: ${there}`;
}

function doorsOf(step: Step, { doorbells }: Scenario) {
  const one = step.door === undefined ? undefined : doorbells[step.door];
  return one ? [one] : doorbells;
}

function doorsInWords(count: number): string {
  return count === 1 ? "there is one, doorbell 0" : `they count from 0 to ${count - 1}`;
}
