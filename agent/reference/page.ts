import { CHANNELS, type Channel, PARAMETERS, parametersOf, QOS } from "../contract/channels.ts";
import { EventEnvelope } from "../contract/events.ts";
import { EXAMPLES } from "../contract/examples.ts";
import { EVENT_TYPES, eventMessage, messageSchemas } from "../contract/schemas.ts";
import { type Json, plain } from "./json-schema.ts";
import { AFTER_CHANNELS, HEAD, RULES } from "./page-text.ts";
import { type Field, fieldsOf } from "./schema-words.ts";

/** The page that tells a person everything about the wire, in Markdown. */
export function wirePage(): string {
  const channels = Object.entries<Channel>(CHANNELS);
  return [
    HEAD,
    overview(channels),
    AFTER_CHANNELS,
    ...channels.map(channelSection),
    eventSections(),
    manifestSection(),
    RULES,
  ].join("\n");
}

function overview(channels: [string, Channel][]): string {
  const rows = channels.map(([name, { address, sender, retain, maxBytes, payload }]) =>
    row([
      `[${name}](#${name})`,
      `\`${address}\``,
      sender,
      retain ? "yes" : "no",
      maxBytes === 0 ? "empty" : `${maxBytes}`,
      payload.contentType === null ? "" : `\`${payload.contentType}\``,
    ]),
  );
  return `## Channels

Everything is QoS ${QOS}. A payload larger than its bound is refused on both sides.

| channel | topic | sender | retained | most bytes | content type (MQTT 5) |
|---|---|---|---|---|---|
${rows.join("\n")}

| parameter | matches | what it is |
|---|---|---|
${Object.entries(PARAMETERS)
  .map(([name, { pattern, description }]) => row([`{${name}}`, `\`${pattern}\``, description]))
  .join("\n")}
`;
}

function channelSection([name, channel]: [string, Channel]): string {
  const { address, sender, watched, retain, maxBytes, expiryS, repliesOn, description, payload } = channel;
  const facts = [
    `from the ${sender}${watched ? ", which also subscribes to it" : ""}`,
    `QoS ${QOS}`,
    retain ? "retained" : "not retained",
    maxBytes === 0 ? "without payload" : `at most ${maxBytes} bytes`,
    ...(expiryS === null ? [] : [`expires after ${expiryS} s on MQTT 5`]),
    ...(repliesOn === undefined
      ? []
      : [`answered on [${repliesOn}](#${repliesOn}) or MQTT 5's Response Topic`]),
  ];
  return `### ${name}

\`${address}\`: ${facts.join(", ")}.

${description}
${body(name, payload)}
For example: \`${exampleTopic(address)}\`
`;
}

function body(name: string, payload: Channel["payload"]): string {
  switch (payload.kind) {
    case "json":
      return `\n${fieldTable(fieldsOf(plain(payload.schema)))}\n${examples(
        (EXAMPLES as Record<string, readonly object[]>)[name] ?? [],
      )}`;
    case "event":
      return "\nA CloudEvent: see [Events](#events).\n";
    case "bytes":
      return `\nThe payload is the bytes themselves, \`${payload.contentType}\`.\n`;
    case "empty":
      return "";
  }
}

function eventSections(): string {
  const envelope = fieldsOf(plain(EventEnvelope)).filter(({ path }) => path !== "data");
  const types = EVENT_TYPES.map((type) => {
    const { schema, examples: whole } = eventMessage(type);
    const { properties } = plain(schema) as { properties: { data: Json } };
    return `### Event ${type}

${String(properties.data.description)} On \`event/${type}\` or \`late/${type}\`; [JSON Schema](schemas/event-${type}.schema.json).

${fieldTable(fieldsOf(properties.data))}
${examples(whole)}`;
  });
  return `## Events

Each is a CloudEvent 1.0 in structured JSON; \`epoch\`, \`lane\`, \`sequence\`, \`monotonicms\` and \`timetrust\` are
extension attributes. Around the \`data\` of every type ([JSON Schema](schemas/event.schema.json)):

${fieldTable(envelope)}
${types.join("\n")}`;
}

function manifestSection(): string {
  const manifest = messageSchemas().find(({ name }) => name === "clip-manifest");
  return `## Manifest of a clip

\`manifest.json\`, the last file in a clip's tar. The files before it, joined in their order, are a fragmented MP4.

${fieldTable(manifest ? fieldsOf(plain(manifest.schema)) : [])}
`;
}

function fieldTable(fields: Field[]): string {
  const rows = fields.map(({ path, words, required, description }) =>
    row([`\`${path}\`${required ? "" : " (may be missing)"}`, words, description]),
  );
  return `| field | type | what it is |\n|---|---|---|\n${rows.join("\n")}\n`;
}

function examples(payloads: readonly object[]): string {
  return payloads.map((payload) => `\`\`\`json\n${JSON.stringify(payload, null, 2)}\n\`\`\`\n`).join("\n");
}

function exampleTopic(address: string): string {
  return parametersOf(address).reduce<string>(
    (topic, name) => topic.replace(`{${name}}`, PARAMETERS[name].example),
    address,
  );
}

function row(cells: string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}
