import { type TSchema, Type } from "typebox";
import { CHANNELS, type Channel } from "./channels.ts";
import { EventData, EventEnvelope, type EventType } from "./events.ts";
import { EXAMPLES, eventExample } from "./examples.ts";
import { ClipManifest } from "./messages.ts";

/** One JSON text of the contract: a message, or the manifest in a clip's file. */
export interface MessageSchema {
  /** As its JSON Schema file and its message in `asyncapi.yaml` are named. */
  name: string;
  title: string;
  schema: TSchema;
  examples: readonly object[];
}

/** Every JSON message, the events one by one, then what is no message of its own. */
export function messageSchemas(): MessageSchema[] {
  return [
    ...Object.entries<Channel>(CHANNELS).flatMap(([name, { payload }]) =>
      payload.kind === "json"
        ? [{ name, title: titleOf(name), schema: payload.schema, ...examplesOf(name) }]
        : [],
    ),
    ...EVENT_TYPES.map(eventMessage),
    {
      name: "event",
      title: "An event of any type",
      schema: EventEnvelope,
      examples: EVENT_TYPES.map(eventExample),
    },
    { name: "clip-manifest", title: "Manifest in a clip's file", schema: ClipManifest, examples: [] },
  ];
}

/** Every type of event, in the order of the declaration. */
export const EVENT_TYPES = Object.keys(EventData) as EventType[];

/** The whole event of a type. */
export function eventMessage(type: EventType): MessageSchema {
  const data: TSchema & { description?: string } = EventData[type];
  const schema = Type.Object(
    { ...EventEnvelope.properties, type: Type.Literal(`dev.porchlight.${type}`), data },
    { description: data.description ?? "" },
  );
  return { name: `event-${type}`, title: `Event ${type}`, schema, examples: [eventExample(type)] };
}

function examplesOf(name: string): { examples: readonly object[] } {
  return { examples: (EXAMPLES as Record<string, readonly object[]>)[name] ?? [] };
}

function titleOf(name: string): string {
  const words = name.replaceAll("-", " ");
  return `${words.slice(0, 1).toUpperCase()}${words.slice(1)}`;
}
