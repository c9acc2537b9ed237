import { asyncApi } from "./asyncapi.ts";
import { jsonSchemaFiles } from "./json-schema.ts";
import { wirePage } from "./page.ts";

/** Every file that is made from the contract, by its path in the project. */
export function wireDocs(): Record<string, string> {
  const schemas = Object.entries(jsonSchemaFiles()).map(([file, text]) => [`docs/schemas/${file}`, text]);
  return { "asyncapi.yaml": asyncApi(), ...Object.fromEntries(schemas), "docs/wire.md": wirePage() };
}
