import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { breaches } from "./compatibility.ts";
import { type AsyncApi, readAsyncApi, root } from "./documents.ts";

const FROZEN = "test/fixtures/wire-v1";
const days = readdirSync(root(FROZEN), { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);
const today = readAsyncApi("asyncapi.yaml");

/** A copy of today's contract with one part changed. */
function changed(change: (contract: Changeable) => void): AsyncApi {
  const copy = structuredClone(today);
  change(copy as unknown as Changeable);
  return copy;
}

/** Loose enough to break anything. */
interface Changeable {
  channels: Record<string, Record<string, unknown>>;
  operations: Record<string, { bindings: { mqtt: Record<string, unknown> } }>;
  components: {
    schemas: Record<string, { required: string[]; properties: Record<string, Record<string, unknown>> }>;
  };
}
const schema = (contract: Changeable, name: string) => {
  const found = contract.components.schemas[name];
  if (!found) throw new Error(`no schema ${name}`);
  return found;
};

const field = (contract: Changeable, name: string, path: string) => schema(contract, name).properties[path];
const set = (part: object | undefined, values: object) => {
  if (!part) throw new Error("nothing to change there");
  Object.assign(part, values);
};
const STATES = ["online", "stopped", "offline"];

describe("the rules for change within v1", () => {
  it.each(days)("hold since %s", (day) => {
    expect(breaches(readAsyncApi(`${FROZEN}/${day}/asyncapi.yaml`), today)).toEqual([]);
  });

  it.each<[string, (contract: Changeable) => void]>([
    ["a channel that is gone", ({ channels }) => delete channels.health],
    ["another address", (c) => set(c.channels.health, { address: "porchlight/v1/health" })],
    ["a larger payload", (c) => set(c.channels.status, { "x-max-payload-bytes": 4_097 })],
    ["another RETAIN", (c) => set(c.operations.sendEvent?.bindings.mqtt, { retain: true })],
    ["an event type that is gone", (c) => set(c.channels.late, { messages: {} })],
    ["a field of a device that may be missing", (c) => schema(c, "status").required.pop()],
    ["a field of a device that is gone", (c) => delete schema(c, "event-start").properties.time],
    ["another type", (c) => set(field(c, "health", "uptimeMs"), { type: "string" })],
    ["a new value of a device", (c) => set(field(c, "status", "state"), { enum: [...STATES, "asleep"] })],
    ["a wider bound of a device", (c) => set(field(c, "status", "connection"), { minimum: 0 })],
    ["a new field that a consumer must give", (c) => schema(c, "receipt").required.push("signature")],
    ["a narrower bound for a consumer", (c) => set(field(c, "receipt", "press"), { maxItems: 8 })],
    ["a field of a consumer that is gone", (c) => delete schema(c, "receipt").properties.press],
  ])("are broken by %s", (_, change) => {
    expect(breaches(today, changed(change))).not.toEqual([]);
  });

  it.each<[string, (contract: Changeable) => void]>([
    ["a new field of a device", (c) => set(schema(c, "status").properties, { colour: { type: "string" } })],
    ["a new channel", ({ channels }) => set(channels, { weather: channels.health })],
    ["a field that a consumer may give", (c) => set(schema(c, "receipt").properties, { note: {} })],
    ["a wider bound for a consumer", (c) => set(field(c, "receipt", "press"), { maxItems: 100 })],
    ["a narrower bound of a device", (c) => set(field(c, "status", "connection"), { minimum: 2 })],
    ["a smaller payload", (c) => set(c.channels.status, { "x-max-payload-bytes": 2_048 })],
  ])("are kept by %s", (_, change) => {
    expect(breaches(today, changed(change))).toEqual([]);
  });
});
