import { Value } from "typebox/value";
import { isAlias, isMap, isPair, isScalar, isSeq, type Node, type YAMLMap } from "yaml";
import { inWords } from "../../agent/config/in-words.ts";
import { nearest } from "../../agent/config/nearest.ts";
import type { Place, YamlNodes } from "../../agent/config/read-yaml.ts";
import { QUANTITIES } from "../sim/quantities.ts";
import { type Declarations, type Declared, LONGEST_MS } from "./schema.ts";

/** One thing that is wrong, where it stands, and what would be right. */
export interface Problem {
  place: Place;
  text: string;
}

/** A name in a map, with what stands behind it. */
export interface Entry {
  name: string;
  /** What its author wrote instead of the name, such as `wait` for its `for`. */
  label?: string;
  key: Node;
  value: Node | null;
}

const NOWHERE: Place = { line: 1, column: 1 };

/**
 * Reads nodes of a YAML document by the declarations of `schema.ts`: collects every problem, and where each thing
 * stands, by its path such as `steps.3.count`.
 */
export class FieldReader {
  readonly problems: Problem[] = [];
  readonly places = new Map<string, Place>();
  readonly #nodes: YamlNodes;

  constructor(nodes: YamlNodes) {
    this.#nodes = nodes;
  }

  placeOf(node: Node | null): Place {
    return node ? this.#nodes.placeOf(node) : NOWHERE;
  }

  refuse(node: Node | null, text: string): void {
    this.problems.push({ place: this.placeOf(node), text });
  }

  /** What stands in a map; null, and a problem, when it is none. `what` says what would be right. */
  entries(node: Node | null, what: string, at: Node | null = node): Entry[] | null {
    if (!isMap(node)) {
      this.refuse(node ?? at, `found ${this.words(node)}, allowed: ${what}`);
      return null;
    }
    return (node as YAMLMap).items.flatMap(({ key, value }) => {
      if (isScalar(key)) return [{ name: String(key.value), key, value: nodeOf(value) }];
      this.refuse(node, "the name of a field is plain text");
      return [];
    });
  }

  /** The fields of a map by their declarations, defaults filled in. */
  fields(
    properties: Declarations,
    entries: readonly Entry[],
    path: string,
    owner: { node: Node | null; name: string },
  ): Record<string, unknown> {
    const values: Record<string, unknown> = {};
    for (const { name, label = name, key, value } of entries) {
      const declared = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (!declared) {
        const names = Object.keys(properties);
        const hint = didYouMean(name, names) || (names.length > 0 ? `; it has ${names.join(", ")}` : "");
        this.refuse(key, `${owner.name} has no ${quoted(name)}${hint}`);
        continue;
      }
      this.places.set(`${path}.${name}`, this.placeOf(value ?? key));
      const read = this.value(declared, value, key, label);
      if (read !== undefined) values[name] = read;
    }
    const named = new Set(entries.map(({ name }) => name));
    for (const [name, declared] of Object.entries<Declared>(properties)) {
      if (named.has(name)) continue;
      if (declared.default !== undefined) values[name] = structuredClone(declared.default);
      else if (!("~optional" in declared))
        this.refuse(owner.node, `${owner.name} needs ${name}: ${allowedIn(declared)}`);
    }
    return values;
  }

  /** One value by its declaration; undefined, and a problem, when it is not allowed. */
  value(declared: Declared, node: Node | null, key: Node | null, name: string): unknown {
    const found: unknown = node?.toJSON();
    const refuse = (hint: string) => {
      const tail = hint === "" ? "" : ` (${hint})`;
      const text = `${quoted(name)}: found ${this.words(node)}, allowed: ${allowedIn(declared)}${tail}`;
      this.refuse(node ?? key, text);
      return undefined;
    };
    if (declared.quantity) {
      const parsed =
        found === 0
          ? 0
          : QUANTITIES[declared.quantity].parse(isScalar(node) ? String(node.source ?? found) : "");
      if (typeof parsed === "string") return refuse(parsed);
      const { minimum = parsed, maximum = parsed } = declared;
      return parsed < minimum || parsed > maximum ? refuse("") : parsed;
    }
    if (Value.Check(declared, found)) return found;
    if (declared.enum && typeof found === "string")
      return refuse(didYouMean(found, declared.enum).replace(/^; /, ""));
    return refuse("");
  }

  words(node: Node | null): string {
    return node === null
      ? "nothing"
      : isSeq(node) || isMap(node)
        ? inWords(node.toJSON())
        : inWords(node.toJSON());
  }
}

/** A name that a file gave, so that it neither steers a terminal nor begins a line. */
export function quoted(name: string): string {
  return /^[ -~\u00a1-\uffff]{1,60}$/.test(name) ? name : inWords(name);
}

export function didYouMean(name: string, known: readonly string[]): string {
  const longer = name.length >= 3 ? known.filter((one) => one.startsWith(name)) : [];
  const near = nearest(name, known) ?? (longer.length === 1 ? longer[0] : null);
  return near === null || near === undefined ? "" : `; did you mean ${near}?`;
}

/** What a field may be, in words. */
export function allowedIn(declared: Declared): string {
  if (declared.quantity) {
    const { words, format } = QUANTITIES[declared.quantity];
    const { minimum, maximum } = declared;
    const from = minimum !== undefined && minimum > 0 ? `from ${format(minimum)} ` : "";
    const to = maximum === undefined || maximum >= LONGEST_MS ? "" : `to ${format(maximum)}`;
    const bounds =
      from !== "" && to === ""
        ? `at least ${format(minimum ?? 0)}`
        : `${from}${from === "" && to !== "" ? "up " : ""}${to}`;
    return bounds === "" ? words : `${words}, ${bounds}`;
  }
  if (declared.enum) return declared.enum.join(", ");
  switch (declared.type) {
    case "integer":
      return `a whole number from ${declared.minimum} to ${declared.maximum}`;
    case "boolean":
      return "true or false";
    case "array":
      return declared.items ? `a list, each ${allowedIn(declared.items)}` : "a list";
    case "object":
      return "a map";
    default:
      return declared.allowed ?? "text";
  }
}

export function nodeOf(value: unknown): Node | null {
  if (value === null || value === undefined || isPair(value) || isAlias(value)) return null;
  const node = value as Node;
  return isScalar(node) && node.value === null ? null : node;
}
