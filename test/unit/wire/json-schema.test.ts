import { readdirSync } from "node:fs";
import { Ajv } from "ajv";
import addFormats from "ajv-formats";
import { describe, expect, it } from "vitest";
import { messageSchemas } from "../../../agent/contract/schemas.ts";
import { messagesOfSeed, payloadOf, type SubscriberMessage } from "../../fixtures/virtual-messages.ts";
import { channelFinder, type Json, readAsyncApi, readText, root } from "./documents.ts";

const ajv = new Ajv({ allErrors: true, strict: true, strictTuples: false, allowUnionTypes: true });
addFormats.default(ajv);
const validators = new Map(
  readdirSync(root("docs/schemas")).map((file) => [
    file.replace(".schema.json", ""),
    ajv.compile(JSON.parse(readText(`docs/schemas/${file}`)) as Json),
  ]),
);

/** What another validator than ours finds wrong with a JSON text, by the file of its schema. */
function faultsOf(name: string, value: unknown): string[] {
  const validate = validators.get(name);
  if (!validate) return [`no schema ${name}`];
  validate(value);
  return (validate.errors ?? []).map(({ instancePath, message }) => `${name}${instancePath} ${message}`);
}

const document = readAsyncApi("asyncapi.yaml");
const channelOf = channelFinder(document);

/** What a foreign consumer finds wrong with a message, from the documents alone. */
function faultsOfMessage(message: SubscriberMessage): string[] {
  const { topic } = message;
  const channel = channelOf(topic);
  if (channel === null) return [`${topic} is no channel`];
  const payload = payloadOf(message);
  const maxBytes = document.channels[channel]?.["x-max-payload-bytes"] ?? 0;
  if (payload.length > maxBytes) return [`${topic}: ${payload.length} bytes, more than ${maxBytes}`];
  if (!validators.has(channel) && channel !== "late") return [];
  const type = topic.slice(topic.lastIndexOf("/") + 1);
  return faultsOf(
    channel === "event" || channel === "late" ? `event-${type}` : channel,
    JSON.parse(message.text ?? ""),
  );
}

// Virtual hours take a moment.
describe("the JSON Schema files, by Ajv", { timeout: 60_000 }, () => {
  it.each(messageSchemas())("$name: every example is valid, and not without one of its fields", (message) => {
    const { name, schema, examples } = message;
    for (const example of examples) {
      expect(faultsOf(name, example)).toEqual([]);
      const [field = ""] = (schema as { required?: string[] }).required ?? [];
      expect(faultsOf(name, { ...example, [field]: undefined })).not.toEqual([]);
    }
  });

  it("hold for every example in asyncapi.yaml, as its own schemas do", () => {
    const messages = Object.entries(document.components.messages);
    const examples = messages.flatMap(([name, { examples = [] }]) =>
      examples.map(({ payload }) => ({ name, payload })),
    );
    expect(examples.length).toBeGreaterThan(10);
    for (const { name, payload } of examples) {
      expect(faultsOf(name, payload)).toEqual([]);
      expect(ajv.validate(document.components.schemas[name] ?? false, payload)).toBe(true);
    }
  });

  it("has an example of all that travels", () => {
    const without = messageSchemas().filter(({ examples }) => examples.length === 0);
    expect(without.map(({ name }) => name)).toEqual(["clip-manifest"]);
  });

  it("are what agents really send, in worlds where much goes wrong", () => {
    const messages = [37, 59, 60].flatMap((seed) => messagesOfSeed(seed));
    expect(messages.flatMap(faultsOfMessage)).toEqual([]);
    const seen = new Set(messages.map(({ topic }) => channelOf(topic)));
    expect([...seen].sort()).toEqual(Object.keys(document.channels).sort());
  });

  it.each<[string, (text: string) => string]>([
    ["a number that became a text", (text) => text.replace(/"heldMs":(\d+)/, '"heldMs":"$1"')],
    ["a field that is gone", (text) => text.replace(/"heldMs":\d+/, "")],
    ["a time that is none", (text) => text.replace(/"time":"2/, '"time":"x')],
    ["a sequence of 0", (text) => text.replace(/"sequence":\d+/, '"sequence":0')],
    ["too many bytes", (text) => text.padEnd(5_000)],
  ])("would see %s", (_, change) => {
    const press = messagesOfSeed(37).find(({ topic }) => topic.endsWith("event/press"));
    expect(press).toBeDefined();
    if (press) expect(faultsOfMessage({ ...press, text: change(press.text ?? "") })).not.toEqual([]);
  });

  it("would see a topic that is no channel", () => {
    const message = { text: "{}", bytes: 2, retain: false, receivedUtcMs: 0 };
    expect(faultsOfMessage({ ...message, topic: "porchlight/v1/front-door/statue" })).not.toEqual([]);
    expect(faultsOfMessage({ ...message, topic: "porchlight/v1/Front-Door/status" })).not.toEqual([]);
  });
});
