import { stringify } from "yaml";
import {
  CHANNELS,
  type Channel,
  PARAMETERS,
  type Parameter,
  parametersOf,
  QOS,
} from "../contract/channels.ts";
import { EXAMPLES } from "../contract/examples.ts";
import { EVENT_TYPES, eventMessage, messageSchemas } from "../contract/schemas.ts";
import { type Json, plain } from "./json-schema.ts";

const BINDING = { bindingVersion: "0.2.0" } as const;

/** AsyncAPI 3.0.0 of the whole wire, from the device's point of view, as YAML. */
export function asyncApi(channels: Readonly<Record<string, Channel>> = CHANNELS): string {
  const document = {
    asyncapi: "3.0.0",
    id: "urn:porchlight:v1",
    info: {
      title: "Porchlight doorbell",
      version: "1.0.0",
      description: ABOUT,
      license: { name: "Apache-2.0", url: "https://www.apache.org/licenses/LICENSE-2.0" },
    },
    defaultContentType: "application/json",
    servers: SERVERS,
    channels: mapped(channels, channelObject),
    operations: Object.fromEntries(Object.entries(channels).flatMap(operations)),
    components: {
      messages: Object.fromEntries(Object.entries(channels).flatMap(messages)),
      schemas: Object.fromEntries(messageSchemas().map(({ name, schema }) => [name, plain(schema)])),
      parameters: mapped(PARAMETERS, parameterObject),
    },
  };
  return `# Made by \`npm run docs\` from agent/contract/: change it there.\n${stringify(document, {
    lineWidth: 110,
    aliasDuplicateObjects: false,
  })}`;
}

const ABOUT = `Everything that a Porchlight doorbell and its consumers say to one another over MQTT. docs/wire.md tells it to
people, with the order of use and the rules for change within v1; docs/schemas/ has each JSON message as a JSON Schema.

All is QoS 1: a message may come more than once, under the same id. Topic and payload alone say everything, so MQTT
3.1.1 is enough; MQTT 5 adds content types. Fields and event types that you do not know are to be ignored.`;

const SERVERS = {
  loopback: {
    host: "127.0.0.1:1883",
    protocol: "mqtt",
    description: "A broker on the same machine, such as the simulator's; plain MQTT reaches no further.",
  },
  cloud: {
    host: "broker.example.org:8883",
    protocol: "mqtts",
    description: "Yours: MQTT over TLS, 3.1.1 or 5. An example's name.",
  },
};

function channelObject({ address, description, payload, maxBytes }: Channel, name: string): Json {
  const parameters = parametersOf(address).map((parameter) => [
    parameter,
    { $ref: `#/components/parameters/${parameter}` },
  ]);
  return {
    address,
    description,
    parameters: Object.fromEntries(parameters),
    messages: Object.fromEntries(
      messageNames(name, payload).map((message) => [message, { $ref: `#/components/messages/${message}` }]),
    ),
    "x-max-payload-bytes": maxBytes,
  };
}

function operations([name, channel]: [string, Channel]): [string, Json][] {
  const action = channel.sender === "device" ? "send" : "receive";
  const operation = operationObject(name, channel, action);
  if (!channel.watched) return [[operationName(action, name), operation]];
  return [
    [operationName(action, name), operation],
    [operationName("receive", name), operationObject(name, channel, "receive")],
  ];
}

function operationObject(name: string, channel: Channel, action: "send" | "receive"): Json {
  const { payload, retain, expiryS, repliesOn } = channel;
  return {
    action,
    channel: { $ref: `#/channels/${name}` },
    messages: messageNames(name, payload).map((message) => ({
      $ref: `#/channels/${name}/messages/${message}`,
    })),
    bindings: {
      mqtt: {
        qos: QOS,
        retain,
        ...(expiryS === null ? {} : { messageExpiryInterval: expiryS }),
        ...BINDING,
      },
    },
    ...(repliesOn === undefined ? {} : { reply: replyOn(repliesOn) }),
  };
}

/** MQTT 5 §4.10: the answer goes to the request's Response Topic; without one, to the channel. */
function replyOn(channel: string): Json {
  return { channel: { $ref: `#/channels/${channel}` } };
}

function operationName(action: string, name: string): string {
  return `${action}${name.replaceAll(/(?:^|-)(\w)/g, (_, letter: string) => letter.toUpperCase())}`;
}

/** An event's channel has a message for each type; both lanes share them. */
function messageNames(name: string, { kind }: Channel["payload"]): string[] {
  return kind === "event" ? EVENT_TYPES.map((type) => eventMessage(type).name) : [name];
}

function messages([name, { payload, description }]: [string, Channel]): [string, Json][] {
  switch (payload.kind) {
    case "json":
      return [[name, messageObject(payload.contentType, name, description, exampleOf(name))]];
    case "event":
      return EVENT_TYPES.map((type) => {
        const { name: message, schema, examples } = eventMessage(type);
        const { description: summary = "" } = plain(schema) as { description?: string };
        return [message, messageObject(payload.contentType, message, summary, examples)];
      });
    case "bytes":
      return [[name, rawMessage(name, payload.contentType, { type: "string", format: "binary" })]];
    case "empty":
      return [[name, rawMessage(name, "application/octet-stream", { type: "string", maxLength: 0 })]];
  }
}

function exampleOf(name: string): readonly object[] {
  return (EXAMPLES as Record<string, readonly object[]>)[name] ?? [];
}

function messageObject(
  contentType: string,
  name: string,
  summary: string,
  examples: readonly object[],
): Json {
  return {
    name,
    summary,
    contentType,
    payload: { $ref: `#/components/schemas/${name}` },
    bindings: { mqtt: { contentType, ...BINDING } },
    examples: examples.map((payload) => ({ payload })),
  };
}

function rawMessage(name: string, contentType: string, payload: Json): Json {
  return { name, contentType, payload, bindings: { mqtt: BINDING } };
}

function parameterObject({ description, pattern, example }: Parameter): Json {
  return {
    description: `${description}. Matches ^${pattern}$`,
    examples: [example],
    "x-pattern": `^${pattern}$`,
  };
}

function mapped<T>(from: Readonly<Record<string, T>>, change: (value: T, name: string) => Json): Json {
  return Object.fromEntries(Object.entries(from).map(([name, value]) => [name, change(value, name)]));
}
