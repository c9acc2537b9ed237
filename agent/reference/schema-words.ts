import type { Json } from "./json-schema.ts";

/** The keywords that the contract's schemas use. */
interface Node {
  type?: string;
  description?: string;
  enum?: readonly unknown[];
  const?: unknown;
  anyOf?: readonly Node[];
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
  items?: Node | readonly Node[];
  properties?: Record<string, Node>;
  patternProperties?: Record<string, Node>;
  required?: readonly string[];
}

/** A field of a message, in words. */
export interface Field {
  /** Such as `user_data.clipId`. */
  path: string;
  /** Type and bounds. */
  words: string;
  required: boolean;
  description: string;
}

/** Every field of an object's schema, those of objects within it after it. */
export function fieldsOf(schema: Json, path = ""): Field[] {
  const { properties = {}, required = [] }: Node = schema;
  return Object.entries(properties).flatMap(([name, node]) => {
    const field = {
      path: `${path}${name}`,
      words: inWords(node),
      required: required.includes(name),
      description: node.description ?? "",
    };
    const inner = Array.isArray(node.items) ? null : (node.items as Node | undefined);
    return [
      field,
      ...(node.properties ? fieldsOf({ ...node }, `${field.path}.`) : []),
      ...(inner?.properties ? fieldsOf({ ...inner }, `${field.path}[].`) : []),
    ];
  });
}

function inWords(node: Node): string {
  if (node.const !== undefined) return code(node.const);
  if (node.enum) return node.enum.map(code).join(", ");
  if (node.anyOf) return node.anyOf.map(inWords).join(" or ");
  switch (node.type) {
    case "integer":
      return `whole number${range(node.minimum, node.maximum, "")}`;
    case "string":
      return textInWords(node);
    case "array":
      return arrayInWords(node);
    case "object":
      return objectInWords(node);
    default:
      return node.type ?? "anything";
  }
}

function textInWords({ format, pattern, minLength, maxLength }: Node): string {
  if (format) return `text, \`${format}\``;
  if (pattern) return `text like ${code(pattern)}${range(minLength, maxLength, " characters")}`;
  return `text${range(minLength, maxLength, " characters")}`;
}

function arrayInWords({ items, minItems, maxItems }: Node): string {
  if (Array.isArray(items)) return `[${items.map(inWords).join(", ")}]`;
  const each = items && !Array.isArray(items) ? inWords(items as Node) : "anything";
  return `list${range(minItems, maxItems, " items")} of ${each}`;
}

function objectInWords({ patternProperties }: Node): string {
  const [values] = Object.values(patternProperties ?? {});
  return values ? `object whose values are each: ${inWords(values)}` : "object";
}

function range(from: number | undefined, to: number | undefined, unit: string): string {
  if (from === undefined && to === undefined) return "";
  if (to === undefined) return ` from ${from}${unit}`;
  return from === undefined ? ` up to ${to}${unit}` : ` from ${from} to ${to}${unit}`;
}

function code(value: unknown): string {
  return `\`${typeof value === "string" && value !== "" ? value : JSON.stringify(value)}\``;
}
