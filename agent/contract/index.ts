/**
 * `porchlight/contract`: everything that is agreed between a doorbell and whoever receives from it. Runs in Node and in
 * browsers, with the schema library alone.
 */
export {
  CHANNELS,
  type Channel,
  type ChannelName,
  PARAMETERS,
  type Parameter,
  type Payload,
  PREFIX,
  QOS,
} from "./channels.ts";
export {
  EVENT_MAX_BYTES,
  EventData,
  type EventDataOf,
  EventEnvelope,
  type EventType,
  eventId,
  type PorchlightEvent,
} from "./events.ts";
export { EXAMPLES, eventExample } from "./examples.ts";
export {
  CLIP_FILES,
  ClipInitMessage,
  ClipManifest,
  HealthMessage,
  ReceiptMessage,
  StatusMessage,
} from "./messages.ts";
export { type MessageSchema, messageSchemas } from "./schemas.ts";
export { DEVICE_ID, LATE_AFTER_MS, type ParsedTopic, parseTopic, topicsOf } from "./topics.ts";
