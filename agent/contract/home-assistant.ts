import { type Static, type TProperties, Type } from "typebox";
import { CAMERA_STATES } from "./messages.ts";
import { LATE_AFTER_MS, topicsOf } from "./topics.ts";

/**
 * What a doorbell announces to Home Assistant, by MQTT device discovery: https://www.home-assistant.io/integrations/mqtt/
 * ("Device discovery payload"), and the schemas of `homeassistant/components/mqtt` in home-assistant/core. They refuse
 * unknown keys beside `cmps`, so nothing may be added here that they do not know.
 */
const Topic = Type.String({ minLength: 1, maxLength: 200 });
const Template = Type.String({ minLength: 1, maxLength: 600 });
const only = <P extends TProperties>(properties: P) =>
  Type.Object(properties, { additionalProperties: false });

/** What every entity has. */
const entity = {
  unique_id: Type.String({ pattern: "^[a-z0-9_-]{1,80}$" }),
  name: Type.String({ minLength: 1, maxLength: 64 }),
};
const diagnostic = { entity_category: Type.Literal("diagnostic") };
/** A component without options: Home Assistant removes what it had under this key. */
const removed = <P extends string>(p: P) => only({ p: Type.Literal(p) });

const Ring = only({
  p: Type.Literal("event"),
  ...entity,
  device_class: Type.Literal("doorbell"),
  event_types: Type.Tuple([Type.Literal("ring")]),
  state_topic: Topic,
  value_template: Template,
  qos: Type.Literal(1),
});
const Snapshot = only({
  p: Type.Literal("image"),
  ...entity,
  image_topic: Topic,
  content_type: Type.Literal("image/jpeg"),
});
const Motion = only({
  p: Type.Literal("binary_sensor"),
  ...entity,
  device_class: Type.Literal("motion"),
  state_topic: Topic,
  value_template: Template,
});
const Choice = only({
  p: Type.Literal("sensor"),
  ...entity,
  ...diagnostic,
  device_class: Type.Literal("enum"),
  options: Type.Array(Type.String(), { minItems: 1 }),
  state_topic: Topic,
  value_template: Template,
});
const Count = only({
  p: Type.Literal("sensor"),
  ...entity,
  ...diagnostic,
  state_class: Type.Enum(["measurement", "total_increasing"]),
  state_topic: Topic,
  value_template: Template,
});
const SelfTest = only({
  p: Type.Literal("button"),
  ...entity,
  ...diagnostic,
  command_topic: Topic,
  command_template: Template,
  qos: Type.Literal(1),
});

/** `{prefix}/device/porchlight/{deviceId}/config`, retained. */
export const DiscoveryMessage = only({
  dev: only({
    ids: Type.Array(Type.String({ minLength: 1 }), { minItems: 1 }),
    name: Type.String({ minLength: 1, maxLength: 64 }),
    mf: Type.Literal("Porchlight"),
    mdl: Type.Literal("Doorbell"),
    sw: Type.String({ maxLength: 64 }),
  }),
  o: only({ name: Type.Literal("Porchlight"), sw: Type.String({ maxLength: 64 }) }),
  availability: Type.Tuple([
    only({
      topic: Topic,
      value_template: Template,
      payload_available: Type.Literal("online"),
      payload_not_available: Type.Literal("offline"),
    }),
  ]),
  cmps: only({
    ring: Ring,
    snapshot: Type.Union([Snapshot, removed("image")]),
    camera: Type.Union([Choice, removed("sensor")]),
    motion: Type.Union([Motion, removed("binary_sensor")]),
    outbox: Count,
    dropped: Count,
    store: Choice,
    mode: Choice,
    clock: Choice,
    self_test: SelfTest,
  }),
});
export type DiscoveryMessage = Static<typeof DiscoveryMessage>;

/** Where the announcement of a device is retained; an empty message there removes it. */
export function discoveryTopic(prefix: string, deviceId: string): string {
  return `${prefix}/device/porchlight/${deviceId}/config`;
}

/** Where Home Assistant says `online` when it has started. */
export function birthTopic(prefix: string): string {
  return `${prefix}/status`;
}

/** What Home Assistant's birth message says ("Birth and last will messages"). */
export const BIRTH_TEXT = "online";

/** The announcement of one doorbell. The same facts give the same text, and every `unique_id` is for good. */
export function discoveryMessage(about: {
  deviceId: string;
  /** For people; the device's id when empty. */
  name: string;
  version: string;
  camera: boolean;
  motion: boolean;
  snapshots: boolean;
}): DiscoveryMessage {
  const { deviceId, version } = about;
  const topics = topicsOf(deviceId);
  const own = (key: string, name: string) => ({ unique_id: `${objectId(deviceId)}-${key}`, name });
  const fromHealth = (value: string) => ({ state_topic: topics.health, value_template: `{{ ${value} }}` });
  const told = { entity_category: "diagnostic" as const };
  const choice = (key: string, name: string, options: readonly string[]) => ({
    ...{ p: "sensor" as const, ...own(key, name), ...told },
    ...{ device_class: "enum" as const, options: [...options], ...fromHealth(`value_json.${key}`) },
  });
  return {
    dev: {
      ids: [objectId(deviceId)],
      name: about.name === "" ? deviceId : about.name,
      ...{ mf: "Porchlight", mdl: "Doorbell", sw: version },
    },
    o: { name: "Porchlight", sw: version },
    availability: [
      {
        topic: topics.status,
        value_template: "{{ 'online' if value_json.state == 'online' else 'offline' }}",
        payload_available: "online",
        payload_not_available: "offline",
      },
    ],
    cmps: {
      ring: {
        ...{ p: "event", ...own("ring", "Ring"), device_class: "doorbell", event_types: ["ring"] },
        // Never `late/press`: it would ring.
        ...{ state_topic: topics.event("press", false), value_template: RING, qos: 1 },
      },
      snapshot: about.snapshots
        ? {
            ...{ p: "image", ...own("snapshot", "Last snapshot") },
            ...{ image_topic: topics.snapshot("+"), content_type: "image/jpeg" },
          }
        : { p: "image" },
      camera: about.camera ? choice("camera", "Camera", CAMERA_STATES) : { p: "sensor" },
      motion: about.motion
        ? {
            ...{ p: "binary_sensor", ...own("motion", "Motion"), device_class: "motion" },
            ...fromHealth("'ON' if value_json.motion else 'OFF'"),
          }
        : { p: "binary_sensor" },
      outbox: {
        ...{ p: "sensor", ...own("outbox", "Messages waiting"), ...told, state_class: "measurement" },
        ...fromHealth("value_json.outboxRows"),
      },
      dropped: {
        ...{ p: "sensor", ...own("dropped", "Messages dropped"), ...told, state_class: "total_increasing" },
        ...{ state_topic: topics.health, value_template: DROPPED },
      },
      store: choice("store", "Store", ["opening", "durable", "memory"]),
      mode: choice("mode", "Mode", ["normal", "bell-only"]),
      clock: choice("clock", "Clock", ["synced", "estimated"]),
      self_test: {
        ...{ p: "button", ...own("self-test", "Self-test"), ...told, qos: 1 },
        ...{ command_topic: `${topics.root}/command/self-test`, command_template: SELF_TEST },
      },
    },
  };
}

/**
 * Home Assistant's templates (Jinja). An event entity takes a JSON object with `event_type`, and ignores empty text:
 * so what is too old, and the same press once more, ring nobody.
 */
const RING = [
  "{% if value_json.type == 'dev.porchlight.press'",
  "and (value_json.timetrust != 'synced'",
  `or as_timestamp(now()) - as_timestamp(value_json.time) <= ${LATE_AFTER_MS / 1_000})`,
  "and state_attr(entity_id, 'event_id') != value_json.id %}",
  "{{ {'event_type': 'ring', 'event_id': value_json.id, 'time': value_json.time,",
  "'held_ms': value_json.data.heldMs} | to_json }}",
  "{% endif %}",
].join(" ");

const DROPPED = [
  "{% set sum = namespace(all=0) %}",
  "{% for name, count in value_json.counters.items() if name.startswith('outbox.dropped.') %}",
  "{% set sum.all = sum.all + count %}{% endfor %}{{ sum.all }}",
].join("");

/** A fresh request id at each press of the button. The sandbox of Jinja allows no range above 100,000. */
const SELF_TEST =
  '{"requestId": "ha-{{ (as_timestamp(now()) * 1000) | int }}-{{ range(10000, 100000) | random }}"}';

function objectId(deviceId: string): string {
  return `porchlight-${deviceId}`;
}
