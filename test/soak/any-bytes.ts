import { deepStrictEqual, notStrictEqual } from "node:assert/strict";
import fc from "fast-check";
import { CHANNELS, type Channel } from "../../agent/contract/channels.ts";
import { readCommand } from "../../agent/contract/command-messages.ts";
import { parseDesired } from "../../agent/contract/configuration.ts";
import { parseReceipt } from "../../agent/contract/receipt.ts";
import type { State } from "../../agent/core/state.ts";
import { textOf } from "../../agent/mqtt/inbound.ts";
import { DoorbellOnADesk } from "../unit/core/doorbell-on-a-desk.ts";

/** Ends of the topics that a doorbell subscribes to, and some that are nobody's. */
const TOPIC_ENDS = [
  ...Object.values<Channel>(CHANNELS)
    .filter(({ sender, watched }) => sender === "cloud" || watched)
    .map(({ address }) => address.slice("porchlight/v1/{deviceId}/".length).replace("{name}", "chime")),
  "command/none-such",
  "receipt/below",
  "",
];
/** Slices of the state that a refusal answers from: a report of it, a status that is put right, and their publishes. */
const ANSWERED: Record<string, readonly (keyof State)[]> = {
  status: ["timers"],
  "config/desired": ["configuration", "uplink", "timers"],
};

const bytes = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json({ maxDepth: 2 }).map(utf8),
  fc.string({ unit: "binary", maxLength: 100 }).map(utf8),
  fc
    .tuple(
      fc.constantFrom('{"requestId":"r1"}', '{"epoch":"00000000000000aa","press":[[1,1]],"event":[]}'),
      fc.nat(),
    )
    .map(([text, at]) => utf8(text.slice(0, at % text.length))),
);

/** So many payloads of any bytes on every topic that is listened to: no crash, and nothing changes but a counter. */
export async function soakAnyBytes(inputs: number): Promise<string[]> {
  const desk = DoorbellOnADesk.ready();
  let refused = 0;
  const property = fc.property(
    fc.constantFrom(...TOPIC_ENDS),
    bytes,
    fc.boolean(),
    (end, payload, retain) => {
      const text = textOf(payload);
      if (text !== null && means(end, text)) return;
      refused += 1;
      const { counters, ...before } = structuredClone(desk.state);
      desk.actions = [];
      desk.message(end, text, retain, { bytes: payload.length });
      const { counters: after, ...now } = structuredClone(desk.state);
      const leftOut = Object.fromEntries((ANSWERED[end] ?? []).map((slice) => [slice, null]));
      deepStrictEqual({ ...now, ...leftOut }, { ...before, ...leftOut });
      if (end !== "status" && text !== "") notStrictEqual(JSON.stringify(after), JSON.stringify(counters));
      desk.ackAll();
    },
  );
  fc.assert(property, { numRuns: inputs, endOnFailure: true });
  // What is right is still taken: the doorbell was not deaf.
  desk.press().ackAll();
  desk.ask("chime", "after-all");
  deepStrictEqual(desk.last("chime.play").type, "chime.play");
  return [`${inputs} payloads, ${refused} of them of no meaning: no crash, nothing changed but counters`];
}

function means(end: string, text: string): boolean {
  if (end === "receipt") return typeof parseReceipt(text) !== "string";
  if (end === "config/desired") return typeof parseDesired(text) !== "string";
  return end.startsWith("command/") && readCommand(text).kind !== "nothing";
}

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
