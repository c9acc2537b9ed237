import { Value } from "typebox/value";
import { ReceiptMessage } from "./messages.ts";

/** Reads a receipt's JSON text; a string says in one line why it is none. */
export function parseReceipt(text: string): ReceiptMessage | string {
  let message: unknown;
  try {
    message = JSON.parse(text);
  } catch {
    return "not JSON";
  }
  if (Value.Check(ReceiptMessage, message)) return message;
  const [error] = Value.Errors(ReceiptMessage, message);
  return `${error?.instancePath || "/"} ${error?.message ?? "is wrong"}`;
}
