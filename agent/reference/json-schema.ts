import type { TSchema } from "typebox";
import { messageSchemas } from "../contract/schemas.ts";

export type Json = Record<string, unknown>;

/** TypeBox writes tuples as draft 7 has them, which is also what AsyncAPI 3.0 reads. */
const DIALECT = "http://json-schema.org/draft-07/schema#";

/** The JSON Schema files of `docs/schemas/`, by name: one a message. */
export function jsonSchemaFiles(): Record<string, string> {
  return Object.fromEntries(
    messageSchemas().map(({ name, title, schema }) => {
      const whole = { $schema: DIALECT, $id: `urn:porchlight:v1:${name}`, title, ...plain(schema) };
      return [`${name}.schema.json`, `${JSON.stringify(whole, null, 2)}\n`];
    }),
  );
}

/** The schema as JSON, without what only TypeBox sees in it. */
export function plain(schema: TSchema): Json {
  return JSON.parse(JSON.stringify(schema)) as Json;
}
