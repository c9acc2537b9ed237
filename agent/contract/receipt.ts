import { Compile } from "typebox/compile";
import { ReceiptMessage } from "./messages.ts";

const compile = () => Compile(ReceiptMessage);
/** Made when the first receipt comes: a start does not wait for it. */
let compiled: ReturnType<typeof compile> | null = null;

/** Reads a receipt's JSON text; a string says in one line why it is none. */
export function parseReceipt(text: string): ReceiptMessage | string {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return "not JSON";
  }
  compiled ??= compile();
  const validator = compiled;
  if (validator.Check(message)) return message;
  const [error] = validator.Errors(message);
  return `${error?.instancePath || "/"} ${error?.message ?? "is wrong"}`;
}
