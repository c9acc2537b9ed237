import type { TSchema } from "typebox";
import { listSettings } from "../../agent/contract/setting-list.ts";
import { QUANTITIES } from "../sim/quantities.ts";
import { allowedHere, isOfTheMachine } from "../sim/settings.ts";
import {
  BESIDE_A_STEP,
  BROKER,
  type Declarations,
  type Declared,
  DOORBELL,
  DOORBELLS,
  EXPECTATIONS,
  HEAD,
  STEPS,
} from "./schema.ts";

type Json = Record<string, unknown>;

/** JSON Schema (2020-12) of a scenario file, for editors that complete and check YAML by it. */
export function scenarioJsonSchema(): Json {
  const door = {
    settings: settingsSchema(),
    ...mapped(DOORBELL, (part) => objectOf(part.properties, part.description)),
  };
  const { minimum, maximum } = DOORBELLS;
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: "A scenario of Porchlight's simulator",
    ...objectOf(HEAD, "What is done to doorbells, and what must come of it", {
      broker: objectOf(BROKER.properties, BROKER.description),
      ...door,
      doorbells: {
        description: "How many, or a list of what differs from one to another",
        anyOf: [
          { type: "integer", minimum, maximum, default: 1 },
          { type: "array", minItems: minimum, maxItems: maximum, items: closed(door) },
        ],
      },
      steps: { type: "array", description: "What happens, in this order", items: { anyOf: stepSchemas() } },
    }),
    required: ["name", "steps"],
  };
}

function stepSchemas(): Json[] {
  const names = Object.keys(STEPS) as (keyof typeof STEPS)[];
  const bare = names.filter((name) => requiredOf(STEPS[name].schema.properties).length === 0);
  return [
    { description: "A step whose fields all have their defaults", enum: bare },
    ...names.map((name) => stepSchema(name)),
    {
      ...closed({ expect: { anyOf: expectationSchemas() }, ...mapped(BESIDE_A_STEP, valueSchema) }),
      description: "What must come of it",
      required: ["expect"],
    },
  ];
}

function stepSchema(name: keyof typeof STEPS): Json {
  const { schema, main } = STEPS[name];
  const properties: Declarations = schema.properties;
  const within = objectOf(properties);
  const own = main === null ? [] : [valueSchema(properties[main] ?? {})];
  const nothing = requiredOf(properties).length === 0 ? [{ type: "null" }] : [];
  const { [main ?? ""]: _, ...others } = properties;
  const beside = main === null ? {} : mapped(others, valueSchema);
  return {
    ...closed({
      [name]: { anyOf: [...own, within, ...nothing] },
      ...beside,
      ...mapped(BESIDE_A_STEP, valueSchema),
    }),
    description: schema.description,
    required: [name],
  };
}

function expectationSchemas(): Json[] {
  return Object.values(EXPECTATIONS).map(({ properties, description }) => objectOf(properties, description));
}

/** Settings by path. Each may also be a text with a unit where it is a time or a size. */
function settingsSchema(): Json {
  const settings = listSettings().filter(({ path }) => !isOfTheMachine(path));
  const properties = settings.map((setting): [string, Json] => {
    const { path, type, unit } = setting;
    const quantity =
      unit === "bytes" ? QUANTITIES.size : unit === "ms" || unit === "s" ? QUANTITIES.duration : null;
    const text = quantity ? [{ type: "string", pattern: quantity.pattern }] : [];
    const value = { type: type === "list" ? "array" : type };
    return [
      path,
      { description: `${setting.description}. Allowed: ${allowedHere(setting)}`, anyOf: [value, ...text] },
    ];
  });
  return {
    ...closed(Object.fromEntries(properties)),
    description: "Settings that differ from their defaults, by path",
  };
}

function objectOf(properties: Declarations, description = "", more: Json = {}): Json {
  return {
    ...closed({ ...mapped(properties, valueSchema), ...more }),
    ...(description === "" ? {} : { description }),
    required: requiredOf(properties),
  };
}

function closed(properties: Json): Json {
  return { type: "object", additionalProperties: false, properties };
}

/** What has neither a default nor may be left out. */
function requiredOf(properties: Declarations): string[] {
  return Object.entries<Declared>(properties).flatMap(([name, declared]) =>
    declared.default === undefined && !("~optional" in declared) ? [name] : [],
  );
}

function valueSchema(schema: TSchema): Json {
  const declared: Declared & { pattern?: string } = schema;
  if (!declared.quantity) return JSON.parse(JSON.stringify(declared)) as Json;
  const { words, format } = QUANTITIES[declared.quantity];
  const { pattern, minimum = 0, default: value } = declared;
  return {
    description: `${declared.description}: ${words}`,
    anyOf: [{ type: "string", pattern }, ...(minimum <= 0 ? [{ const: 0 }] : [])],
    ...(typeof value === "number" ? { default: format(value) } : {}),
  };
}

function mapped<T>(from: Readonly<Record<string, T>>, change: (value: T) => Json): Json {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, change(value)]));
}
