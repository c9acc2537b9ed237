import type { Static, TSchema } from "typebox";
import { Compile } from "typebox/compile";

/** Made when the first message of its kind comes: a start does not wait for it. */
const compiled = new Map<TSchema, ReturnType<typeof Compile>>();

/** Reads a message's JSON text by its schema; a string says in one line why it is none. Never throws. */
export function readMessage<S extends TSchema>(schema: S, text: string): Exclude<Static<S>, string> | string {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return "not JSON";
  }
  const validator = compiled.get(schema) ?? Compile(schema);
  compiled.set(schema, validator);
  if (validator.Check(message)) return message as Exclude<Static<S>, string>;
  const [error] = validator.Errors(message);
  return `${error?.instancePath || "/"} ${error?.message ?? "is wrong"}`;
}
