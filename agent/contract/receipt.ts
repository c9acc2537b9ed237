import { ReceiptMessage } from "./messages.ts";
import { readMessage } from "./read-message.ts";

/** Reads a receipt's JSON text; a string says in one line why it is none. */
export function parseReceipt(text: string): ReceiptMessage | string {
  return readMessage(ReceiptMessage, text);
}
