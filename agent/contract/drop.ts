import { Value } from "typebox/value";
import { EventData, type EventDataOf } from "./events.ts";

/** What an event of type `drop` declares; null when the text is no such event. */
export function parseDrop(body: string): EventDataOf<"drop"> | null {
  let event: unknown;
  try {
    event = JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
  const data = typeof event === "object" && event !== null && "data" in event ? event.data : null;
  return Value.Check(EventData.drop, data) ? data : null;
}
