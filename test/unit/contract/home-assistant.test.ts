import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";
import {
  DiscoveryMessage,
  discoveryMessage,
  discoveryTopic,
} from "../../../agent/contract/home-assistant.ts";
import { topicsOf } from "../../../agent/contract/topics.ts";
import { discoveryProblems, listensTo } from "../../fixtures/home-assistant.ts";

const ABOUT = {
  ...{ deviceId: "front-door", name: "Front door", version: "1.2.3" },
  ...{ camera: true, motion: true, snapshots: true },
};
const TOPIC = "homeassistant/device/porchlight/front-door/config";
const ours = () => discoveryMessage(ABOUT);
const topics = topicsOf("front-door");

// biome-ignore lint/suspicious/noExplicitAny: what is spoiled need not be a message any more
type Spoil = (message: any) => unknown;

/** Each clause, where it is written, and how an announcement breaks it. */
const CLAUSES: [clause: string, source: string, spoil: Spoil][] = [
  ["`device` is mandatory", "mqtt docs, Device discovery payload", (m) => delete m.dev],
  [
    "a device has at least one identifier",
    "schemas.py, validate_device_has_at_least…",
    (m) => (m.dev.ids = []),
  ],
  ["a device has a name", "mqtt docs, Sharing of device configuration", (m) => delete m.dev.name],
  ["a device has no other keys", "schemas.py, MQTT_ENTITY_DEVICE_INFO_SCHEMA", (m) => (m.dev.colour = "red")],
  ["`origin` is mandatory", "mqtt docs, Device discovery payload", (m) => delete m.o],
  ["`origin.name` is mandatory", "schemas.py, MQTT_ORIGIN_INFO_SCHEMA", (m) => delete m.o.name],
  ["an origin has no other keys", "schemas.py, MQTT_ORIGIN_INFO_SCHEMA", (m) => (m.o.mf = "x")],
  ["`components` is mandatory", "schemas.py, DEVICE_DISCOVERY_SCHEMA", (m) => delete m.cmps],
  ["no other keys beside them", "schemas.py, DEVICE_DISCOVERY_SCHEMA (no extra)", (m) => (m["~"] = "x")],
  ["abbreviations are those of the list", "abbreviations.py", (m) => (m.components_ = {})],
  [
    "each component has a known platform",
    "schemas.py, COMPONENT_CONFIG_SCHEMA",
    (m) => (m.cmps.ring.p = "bell"),
  ],
  [
    "each entity has a `unique_id`",
    "mqtt docs, Device discovery payload",
    (m) => delete m.cmps.mode.unique_id,
  ],
  [
    "no two entities have the same",
    "entity registry: unique within platform",
    (m) => (m.cmps.mode.unique_id = m.cmps.store.unique_id),
  ],
  [
    "availability has a topic",
    "schemas.py, MQTT_AVAILABILITY_LIST_SCHEMA",
    (m) => delete m.availability[0].topic,
  ],
  [
    "availability has no other keys",
    "schemas.py, MQTT_AVAILABILITY_LIST_SCHEMA",
    (m) => (m.availability[0].availability_template = "x"),
  ],
  ["an event has a state topic", "event.py, MQTT_RO_SCHEMA", (m) => delete m.cmps.ring.state_topic],
  [
    "an event has event types",
    "event.py, vol.Required(CONF_EVENT_TYPES)",
    (m) => (m.cmps.ring.event_types = []),
  ],
  [
    "a doorbell has `ring`",
    "components/event/__init__.py, DoorbellEventType",
    (m) => (m.cmps.ring.event_types = ["press"]),
  ],
  [
    "a device class is one of the list",
    "event.py, DEVICE_CLASS_SCHEMA",
    (m) => (m.cmps.ring.device_class = "bell"),
  ],
  ["an image has its topic", "image.py, validate_topic_required", (m) => delete m.cmps.snapshot.image_topic],
  [
    "a wildcard is a whole level",
    "util.py, valid_subscribe_topic",
    (m) => (m.cmps.snapshot.image_topic = "porchlight/v1/x/snap+"),
  ],
  ["a binary sensor has a state topic", "binary_sensor.py", (m) => delete m.cmps.motion.state_topic],
  [
    "options belong to the class enum",
    "sensor.py, validate_sensor_state…",
    (m) => delete m.cmps.camera.device_class,
  ],
  ["options are not empty", "sensor.py, validate_sensor_state…", (m) => (m.cmps.camera.options = [])],
  [
    "options have no state class",
    "sensor.py, validate_sensor_state…",
    (m) => (m.cmps.camera.state_class = "measurement"),
  ],
  [
    "a state class is one of the list",
    "sensor.py, STATE_CLASSES_SCHEMA",
    (m) => (m.cmps.outbox.state_class = "count"),
  ],
  [
    "a category is one of the list",
    "schemas.py, ENTITY_CATEGORIES_SCHEMA",
    (m) => (m.cmps.mode.entity_category = "x"),
  ],
  [
    "a button has a command topic",
    "button.py, vol.Required(CONF_COMMAND_TOPIC)",
    (m) => delete m.cmps.self_test.command_topic,
  ],
  [
    "a topic to publish on has no wildcards",
    "util.py, valid_publish_topic",
    (m) => (m.cmps.self_test.command_topic = "porchlight/v1/+/command"),
  ],
  ["a quality of service is 0, 1 or 2", "util.py, valid_qos_schema", (m) => (m.cmps.ring.qos = 3)],
];

describe("the announcement to Home Assistant", () => {
  it.each(CLAUSES)("%s (%s)", (_clause, _source, spoil) => {
    expect(discoveryProblems(TOPIC, "homeassistant", JSON.stringify(ours()))).toEqual([]);
    const spoiled: unknown = structuredClone(ours());
    spoil(spoiled);
    expect(discoveryProblems(TOPIC, "homeassistant", JSON.stringify(spoiled))).not.toEqual([]);
  });

  it("is on a topic that Home Assistant matches, whatever the device's id (discovery.py, TOPIC_MATCHER)", () => {
    expect(discoveryTopic("homeassistant", "front-door")).toBe(TOPIC);
    const bad = "homeassistant/device/front door/config";
    expect(discoveryProblems(bad, "homeassistant", JSON.stringify(ours()))).toEqual(["topic"]);
  });

  it("must be a JSON object (discovery.py, json_loads_object)", () => {
    for (const text of ["", "[]", "{", "7"])
      expect(discoveryProblems(TOPIC, "homeassistant", text)).toEqual(["payload is no JSON object"]);
  });

  it("may have a name for people up to the longest", () => {
    const message = discoveryMessage({ ...ABOUT, name: "ö".repeat(64), deviceId: "a".repeat(36) });
    expect(Value.Check(DiscoveryMessage, message)).toBe(true);
    expect(discoveryMessage({ ...ABOUT, name: "" }).dev.name).toBe("front-door");
  });

  it("is what its schema declares, with and without a camera", () => {
    for (const camera of [true, false])
      for (const snapshots of [true, false]) {
        const message = discoveryMessage({ ...ABOUT, camera, motion: camera, snapshots });
        expect(Value.Errors(DiscoveryMessage, message)).toEqual([]);
        expect(discoveryProblems(TOPIC, "homeassistant", JSON.stringify(message))).toEqual([]);
      }
    expect(Value.Check(DiscoveryMessage, { ...ours(), extra: 1 })).toBe(false);
  });

  it("rings for no late press, and for nothing else that is published", () => {
    const { state_topic } = ours().cmps.ring;
    expect(listensTo(state_topic, topics.event("press", false))).toBe(true);
    for (const other of [topics.event("press", true), topics.event("button", false), topics.status])
      expect(listensTo(state_topic, other)).toBe(false);
  });

  it("shows every snapshot where that is wanted, and else takes the entity away", () => {
    const shown = ours().cmps.snapshot;
    expect("image_topic" in shown && listensTo(shown.image_topic, topics.snapshot("abc-p1"))).toBe(true);
    expect(discoveryMessage({ ...ABOUT, snapshots: false }).cmps.snapshot).toEqual({ p: "image" });
  });

  it("has the same unique ids for ever: whoever changes one orphans people's entities", () => {
    const ids = Object.values(ours().cmps).map((one) => ("unique_id" in one ? one.unique_id : ""));
    expect(ids).toEqual(
      [
        "ring",
        "snapshot",
        "camera",
        "motion",
        "outbox",
        "dropped",
        "store",
        "mode",
        "clock",
        "self-test",
      ].map((key) => `porchlight-front-door-${key}`),
    );
    expect(ours().dev.ids).toEqual(["porchlight-front-door"]);
  });

  it("fits in the smallest message that a broker of note allows (AWS IoT Core: 128 KB)", () => {
    expect(JSON.stringify(ours()).length).toBeLessThan(8_192);
  });
});
