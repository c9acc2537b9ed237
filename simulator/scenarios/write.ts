import { isDeepStrictEqual } from "node:util";
import { Document, isMap, type Node, type YAMLMap } from "yaml";
import { QUANTITIES } from "../sim/quantities.ts";
import {
  BROKER,
  type Declarations,
  type Declared,
  DOORBELL,
  type Door,
  EXPECTATIONS,
  HEAD,
  type Scenario,
  STEPS,
  type Step,
} from "./schema.ts";

/**
 * A scenario as its file: reading it gives the same scenario again. What has its default is left out. `comment` stands
 * above it, each line of it as a line.
 */
export function writeScenario(scenario: Scenario, comment = ""): string {
  const { broker, doorbells, steps, ...head } = scenario;
  const common = sharedBy(doorbells);
  const alike = doorbells.every((door) => isDeepStrictEqual(door, common));
  const top: Record<string, unknown> = {
    ...inText(HEAD, head),
    ...unlessEmpty("broker", inText(BROKER.properties, broker)),
    ...doorInText(common),
  };
  if (!alike) top.doorbells = doorbells.map((door) => doorInText(door, common));
  else if (doorbells.length !== 1) top.doorbells = doorbells.length;
  top.steps = steps.map(stepInText);
  // A name or a line of somebody's is never read as a number.
  const document = new Document(top, { version: "1.2", schema: "core", aliasDuplicateObjects: false });
  if (comment !== "") document.commentBefore = comment.replaceAll(/^/gm, " ");
  if (isMap(document.contents)) shape(document.contents);
  return document.toString({ lineWidth: 0, nullStr: "" });
}

/** The settings, link and clock of all doorbells, as far as they are the same; the first one's where they differ. */
function sharedBy(doorbells: readonly Door[]): Door {
  const [first, ...others] = doorbells;
  if (!first) throw new RangeError("a scenario has at least one doorbell");
  const shared = Object.entries(first.settings).filter(([path, value]) =>
    others.every(({ settings }) => isDeepStrictEqual(settings[path], value)),
  );
  return { ...first, settings: Object.fromEntries(shared) };
}

/** What is to be written of a doorbell beside `base`, which is every default unless told. */
function doorInText({ settings, link, clock, receiver }: Door, base?: Door): Record<string, unknown> {
  const own = Object.entries(settings).filter(
    ([path, value]) => !isDeepStrictEqual(base?.settings[path], value),
  );
  return {
    ...unlessEmpty("settings", Object.fromEntries(own)),
    ...unlessEmpty("link", inText(DOORBELL.link.properties, link, base?.link)),
    ...unlessEmpty("clock", inText(DOORBELL.clock.properties, clock, base?.clock)),
    ...unlessEmpty("receiver", inText(DOORBELL.receiver.properties, receiver, base?.receiver)),
  };
}

function unlessEmpty(name: string, values: Record<string, unknown>): Record<string, unknown> {
  return Object.keys(values).length === 0 ? {} : { [name]: values };
}

function stepInText(step: Step): unknown {
  const { at, door } = step;
  const beside = {
    ...(at === undefined ? {} : { at: QUANTITIES.duration.format(at) }),
    ...(door === undefined ? {} : { door }),
  };
  if (step.step === "expect") {
    return { expect: inText(EXPECTATIONS[step.of].properties, { ...step }), ...beside };
  }
  const { schema, main } = STEPS[step.step];
  const values = inText(schema.properties, { ...step });
  if (main === null || values[main] === undefined) {
    if (Object.keys(values).length > 0) return { [step.step]: values, ...beside };
    return Object.keys(beside).length === 0 ? step.step : { [step.step]: null, ...beside };
  }
  const { [main]: value, ...others } = values;
  return { [step.step]: value, ...beside, ...others };
}

/** The values that differ from their defaults, or from `base`, as they stand in a file, in the declared order. */
function inText(
  properties: Declarations,
  values: Readonly<Record<string, unknown>>,
  base?: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const text: Record<string, unknown> = {};
  for (const [name, declared] of Object.entries<Declared>(properties)) {
    const value = values[name];
    if (value === undefined || isDeepStrictEqual(value, base ? base[name] : declared.default)) continue;
    text[name] = declared.quantity ? QUANTITIES[declared.quantity].format(Number(value)) : value;
  }
  return text;
}

/** One line a step and a section: maps in it are in braces. */
function shape(top: YAMLMap): void {
  for (const { key, value } of top.items) {
    const name = String(key);
    if (name === "steps" && value && typeof value === "object" && "items" in value) {
      for (const step of value.items as Node[])
        if (isMap(step)) for (const { value } of step.items) inBraces(value);
    } else if (name !== "settings") inBraces(value);
  }
}

function inBraces(node: unknown): void {
  if (node && typeof node === "object" && "items" in node) (node as YAMLMap).flow = true;
}
