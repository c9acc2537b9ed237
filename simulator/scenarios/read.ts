import { isMap, isScalar, isSeq, type Node } from "yaml";
import { composeYaml, type Place, readTextFile, type YamlKind } from "../../agent/config/read-yaml.ts";
import { ConfigurationError } from "../../agent/contract/errors.ts";
import { readSettings } from "./door-settings.ts";
import { didYouMean, type Entry, FieldReader, nodeOf, quoted } from "./fields.ts";
import {
  BESIDE_A_STEP,
  BROKER,
  type Declarations,
  DOORBELL,
  DOORBELLS,
  type Door,
  EXPECTATIONS,
  HEAD,
  type Scenario,
  STEPS,
  type Step,
} from "./schema.ts";
import { senseProblems } from "./sense.ts";

const SCENARIO: YamlKind = { one: "a scenario", content: "scenarios", columns: true };

/** A scenario, and where in its file each part of it stands. */
export interface ReadScenario {
  file: string;
  scenario: Scenario;
  /** Of each step, by its place in the list. */
  steps: readonly Place[];
}

/**
 * Reads a scenario file.
 * @throws ConfigurationError with one line for each thing that is wrong: file, line, column, what would be right.
 */
export function readScenario(file: string): ReadScenario {
  return parseScenario(file, readTextFile(file, SCENARIO));
}

/** `readScenario` for text that is at hand; `file` is for messages only. */
export function parseScenario(file: string, text: string): ReadScenario {
  const nodes = composeYaml(file, text, SCENARIO);
  const reader = new FieldReader(nodes);
  const scenario = readTop(reader, nodes.top);
  // What makes no sense can only be told of what is right by itself.
  if (scenario && reader.problems.length === 0) {
    for (const { path, text } of senseProblems(scenario)) {
      // What all doorbells share stands at the top.
      const shared = reader.places.get(path.replace(/^doorbells\.\d+\./, ""));
      const own = reader.places.get(path);
      const place = own ?? shared ?? placeAlong(reader.places, path) ?? { line: 1, column: 1 };
      reader.problems.push({ place, text });
    }
  }
  if (!scenario || reader.problems.length > 0) {
    const sorted = reader.problems.sort(
      (a, b) => a.place.line - b.place.line || a.place.column - b.place.column,
    );
    throw new ConfigurationError(
      sorted.map(({ place, text }) => `${file}:${place.line}:${place.column}: ${text}`),
    );
  }
  const steps = scenario.steps.map((_, at) => reader.places.get(`steps.${at}`) ?? { line: 1, column: 1 });
  return { file, scenario, steps };
}

/** The place of the path, or of the nearest part that it belongs to. */
function placeAlong(places: ReadonlyMap<string, Place>, path: string): Place | undefined {
  for (let part = path; part !== ""; part = part.slice(0, Math.max(0, part.lastIndexOf(".")))) {
    const place = places.get(part);
    if (place) return place;
  }
  return undefined;
}

const OF_A_DOORBELL = ["settings", ...Object.keys(DOORBELL)];
const OWN_PARTS = [...OF_A_DOORBELL, "broker", "doorbells", "steps"];

function readTop(reader: FieldReader, top: Node | null): Scenario | null {
  const entries = reader.entries(top, "a map with name and steps");
  if (!entries) return null;
  const part = (name: string) => entries.find((entry) => entry.name === name);
  const head = entries.filter(({ name }) => !OWN_PARTS.includes(name));
  const known = { ...HEAD, ...Object.fromEntries(OWN_PARTS.map((name) => [name, BROKER])) };
  for (const { name, key } of head) {
    if (!Object.hasOwn(known, name))
      reader.refuse(key, `a scenario has no ${quoted(name)}${didYouMean(name, Object.keys(known))}`);
  }
  const fields = reader.fields(
    HEAD,
    head.filter(({ name }) => Object.hasOwn(known, name)),
    "",
    { node: top, name: "a scenario" },
  );
  const common = readDoor(reader, entries, "");
  const broker = section(reader, part("broker"), BROKER.properties, "broker");
  const doorbells = readDoorbells(reader, part("doorbells"), common);
  const steps = readSteps(reader, part("steps"), top);
  return { ...fields, broker, doorbells, steps } as Scenario;
}

/** What is said of a doorbell among these entries. */
function readDoor(reader: FieldReader, entries: readonly Entry[], path: string, base?: Door): Door {
  const part = (name: string) => entries.find((entry) => entry.name === name);
  const of = (name: keyof typeof DOORBELL) =>
    section(reader, part(name), DOORBELL[name].properties, `${path}${name}`, base?.[name]);
  const settings = readSettings(reader, part("settings"), path);
  return {
    settings: { ...base?.settings, ...settings },
    link: of("link"),
    clock: of("clock"),
    receiver: of("receiver"),
  } as Door;
}

function section(
  reader: FieldReader,
  entry: Entry | undefined,
  properties: Declarations,
  path: string,
  base: Record<string, unknown> = {},
): Record<string, unknown> {
  const entries = entry
    ? reader.entries(entry.value, `a map of ${Object.keys(properties).join(", ")}`, entry.key)
    : [];
  const owner = { node: entry?.key ?? null, name: path.split(".").at(-1) ?? path };
  const values = reader.fields(properties, entries ?? [], path, owner);
  const named = new Set(entries?.map(({ name }) => name));
  for (const [name, value] of Object.entries(base)) if (!named.has(name)) values[name] = value;
  return values;
}

/** A number of doorbells that are alike, or a list of those that differ. */
function readDoorbells(reader: FieldReader, entry: Entry | undefined, common: Door): Door[] {
  if (!entry) return [common];
  const { key, value } = entry;
  reader.places.set("doorbells", reader.placeOf(value ?? key));
  const { minimum, maximum } = DOORBELLS;
  if (!isSeq(value)) {
    const count = value?.toJSON();
    if (Number.isInteger(count) && count >= minimum && count <= maximum)
      return Array.from({ length: count }, () => structuredClone(common));
    const allowed = `a whole number from ${minimum} to ${maximum}, or a list of what differs`;
    reader.refuse(value ?? key, `doorbells: found ${reader.words(value)}, allowed: ${allowed}`);
    return [common];
  }
  const doors = value.items.map((item, at) => {
    const node = nodeOf(item);
    if (node === null) return structuredClone(common);
    const entries = reader.entries(node, `a map of ${OF_A_DOORBELL.join(", ")}`) ?? [];
    for (const { name, key: wrong } of entries) {
      if (!OF_A_DOORBELL.includes(name))
        reader.refuse(wrong, `a doorbell has no ${quoted(name)}${didYouMean(name, OF_A_DOORBELL)}`);
    }
    return readDoor(reader, entries, `doorbells.${at}.`, common);
  });
  if (doors.length < minimum || doors.length > maximum)
    reader.refuse(value, `doorbells: found ${doors.length} of them, allowed: ${minimum} to ${maximum}`);
  return doors;
}

function readSteps(reader: FieldReader, entry: Entry | undefined, top: Node | null): Step[] {
  if (!entry) {
    reader.refuse(top, "a scenario needs steps: a list such as [press, {wait: 10s}]");
    return [];
  }
  if (!isSeq(entry.value)) {
    const found = reader.words(entry.value);
    reader.refuse(entry.value ?? entry.key, `steps: found ${found}, allowed: a list of steps`);
    return [];
  }
  return entry.value.items.flatMap((item, at) => {
    const step = readStep(reader, nodeOf(item), `steps.${at}`, entry.key);
    return step ? [step] : [];
  });
}

const STEP_NAMES = [...Object.keys(STEPS), "expect"];
/** Fields that may stand beside the name of some step. */
const BESIDE_NAMES = new Set([
  ...Object.keys(BESIDE_A_STEP),
  ...Object.values(STEPS).flatMap(({ schema, main }) => (main ? Object.keys(schema.properties) : [])),
]);

/** A step is its name alone, or a map: its name with what it is about, and beside it when, where and the rest. */
function readStep(reader: FieldReader, node: Node | null, path: string, list: Node): Step | null {
  reader.places.set(path, reader.placeOf(node ?? list));
  if (isScalar(node))
    return readNamed(reader, { name: String(node.value), key: node, value: null }, [], path);
  const entries = reader.entries(node, `a step: ${STEP_NAMES.join(", ")}`, list);
  if (!entries) return null;
  const known = entries.filter(({ name }) => STEP_NAMES.includes(name));
  const [named, second] = known;
  if (second && named && isFieldOf(second.name, named.name)) {
    reader.refuse(second.key, withinInWords(second.name, named.name));
    return null;
  }
  if (second) {
    reader.refuse(
      second.key,
      `one step does one thing: ${second.name} is a step of its own, with a - before it`,
    );
    return null;
  }
  const subject = named ?? entries.find(({ name }) => !BESIDE_NAMES.has(name));
  if (!subject) {
    reader.refuse(node, `no step: it needs a name, one of ${STEP_NAMES.join(", ")}`);
    return null;
  }
  const beside = entries.filter((one) => one !== subject);
  return readNamed(reader, subject, beside, path);
}

function readNamed(reader: FieldReader, subject: Entry, beside: readonly Entry[], path: string): Step | null {
  const { name, key } = subject;
  if (name === "expect") return readExpect(reader, subject, beside, path);
  if (!Object.hasOwn(STEPS, name)) {
    const hint = didYouMean(name, STEP_NAMES) || `; there are ${STEP_NAMES.join(", ")}`;
    reader.refuse(key, `there is no step ${quoted(name)}${hint}`);
    return null;
  }
  const { schema, main } = STEPS[name as keyof typeof STEPS];
  const properties: Declarations = schema.properties;
  const own = ownEntries(reader, subject, main, Object.keys(properties));
  if (!own) return null;
  const all = { ...properties, ...BESIDE_A_STEP };
  // Only a step with a value of its own has fields beside it: those of the others stand within.
  const misplaced = main === null ? beside.filter((one) => one.name in properties) : [];
  for (const { name: field, key: at } of misplaced) reader.refuse(at, withinInWords(field, name));
  const rest = beside.filter((one) => !misplaced.includes(one));
  const within = own.filter((one) => one.name in BESIDE_A_STEP);
  for (const { name: field, key: at } of within)
    reader.refuse(at, `${field} stands beside ${name}, on a line of its own below it`);
  const entries = [...own.filter((one) => !within.includes(one)), ...rest];
  return { step: name, ...reader.fields(all, entries, path, { node: key, name }) } as Step;
}

function isFieldOf(field: string, name: string): boolean {
  return Object.hasOwn(STEPS, name) && field in STEPS[name as keyof typeof STEPS].schema.properties;
}

function withinInWords(field: string, name: string): string {
  return `${field} stands within ${name}: ${name}: {${field}: …}`;
}

/** What stands behind a step's name: its main value, or a map of its fields. */
function ownEntries(
  reader: FieldReader,
  { name, key, value }: Entry,
  main: string | null,
  fields: readonly string[],
): Entry[] | null {
  if (value === null) return [];
  if (isMap(value)) return reader.entries(value, "a map");
  if (main !== null) return [{ name: main, label: name, key, value }];
  const allowed = fields.length === 0 ? "nothing" : `a map of ${fields.join(", ")}`;
  reader.refuse(value, `${name}: found ${reader.words(value)}, allowed: ${allowed}`);
  return null;
}

function readExpect(
  reader: FieldReader,
  subject: Entry,
  beside: readonly Entry[],
  path: string,
): Step | null {
  const kinds = Object.keys(EXPECTATIONS);
  const entries = reader.entries(subject.value, `a map with one of ${kinds.join(", ")}`, subject.key);
  if (!entries) return null;
  const [of, second] = entries.filter(({ name }) => Object.hasOwn(EXPECTATIONS, name));
  if (!of || second) {
    const unknown = entries.find(({ name }) => didYouMean(name, kinds) !== "");
    const hint = of || !unknown ? "" : `: ${quoted(unknown.name)}${didYouMean(unknown.name, kinds)}`;
    const what = second ? "one expectation looks at one thing" : "an expectation says what it looks at";
    reader.refuse(second?.key ?? unknown?.key ?? subject.key, `${what}, one of ${kinds.join(", ")}${hint}`);
    return null;
  }
  const properties: Declarations = EXPECTATIONS[of.name as keyof typeof EXPECTATIONS].properties;
  const owner = { node: of.key, name: `expect ${of.name}` };
  const expected = reader.fields(properties, entries, path, owner);
  const misplaced = beside.filter(({ name }) => name in properties);
  for (const { name, key } of misplaced)
    reader.refuse(key, `${name} stands within expect: expect: {…, ${name}: …}`);
  const rest = beside.filter((one) => !misplaced.includes(one));
  const more = reader.fields(BESIDE_A_STEP, rest, path, { node: subject.key, name: "expect" });
  return { step: "expect", of: of.name, ...expected, ...more } as Step;
}
