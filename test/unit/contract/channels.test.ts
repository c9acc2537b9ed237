import { describe, expect, it } from "vitest";
import { parseMessage } from "../../../agent/consumer/index.ts";
import {
  CHANNELS,
  type Channel,
  type ChannelName,
  largestInboundBytes,
  PARAMETERS,
  parametersOf,
} from "../../../agent/contract/channels.ts";
import { EXAMPLES, eventExample } from "../../../agent/contract/examples.ts";
import { EVENT_TYPES } from "../../../agent/contract/schemas.ts";
import { parseTopic, topicsOf } from "../../../agent/contract/topics.ts";
import { DoorbellOnADesk } from "../core/doorbell-on-a-desk.ts";

const channels = Object.entries<Channel>(CHANNELS);
const exampleTopic = (address: string) =>
  parametersOf(address).reduce<string>(
    (topic, name) => topic.replace(`{${name}}`, PARAMETERS[name].example),
    address,
  );
const bytesOf = (payload: object) => new TextEncoder().encode(JSON.stringify(payload));

describe("the table of channels", () => {
  it.each(channels)("%s: its example's topic is read as itself, and written the same", (name, channel) => {
    const topic = exampleTopic(channel.address);
    const parsed = parseTopic(topic);
    expect(parsed).toMatchObject(channel.parsedAs ?? { kind: name });
    for (const parameter of parametersOf(channel.address)) {
      expect(String((parsed as unknown as Record<string, unknown>)[parameter])).toBe(
        PARAMETERS[parameter].example,
      );
    }
  });

  it.each(channels)("%s: a payload as large as allowed is not too large, a byte more is", (_, channel) => {
    const topic = exampleTopic(channel.address);
    const reasonFor = (bytes: number) => {
      const message = parseMessage(topic, new Uint8Array(bytes));
      return message.kind === "refused" ? message.reason : message.kind;
    };
    expect(reasonFor(channel.maxBytes)).not.toBe("too-large");
    expect(reasonFor(channel.maxBytes + 1)).toBe("too-large");
  });

  it.each(Object.entries(EXAMPLES))("%s: the consumer reads its examples", (name, payloads) => {
    const topic = exampleTopic(CHANNELS[name as ChannelName].address);
    for (const payload of payloads) expect(parseMessage(topic, bytesOf(payload)).kind).toBe(name);
  });

  it.each(EVENT_TYPES)("event %s: the consumer knows its example", (type) => {
    const message = parseMessage(topicsOf("front-door").event(type, false), bytesOf(eventExample(type)));
    expect(message).toMatchObject({ kind: "event", known: { type } });
  });

  it("retains no press", () => {
    expect([CHANNELS.event.retain, CHANNELS.late.retain]).toEqual([false, false]);
  });
});

describe("a device that is sent more than a topic allows", () => {
  it("takes no receipt of it, counts it, and changes nothing else", () => {
    const desk = DoorbellOnADesk.ready({ uplink: { settle: "receipt" } }).press();
    const receipt = JSON.stringify({ epoch: desk.state.lifecycle.epoch, press: [[1, 1]], event: [] });
    desk.actions = [];
    desk.message("receipt", receipt, false, { bytes: CHANNELS.receipt.maxBytes + 1 });
    expect(desk.all("store.settle")).toEqual([]);
    expect(desk.state.counters).toMatchObject({ "inbound.tooLarge": 1, "receipts.refused": 1 });
    expect(desk.all("log").map(({ message }) => message)).toContain(
      "message refused: larger than its topic allows",
    );
    desk.message("receipt", receipt, false, { bytes: CHANNELS.receipt.maxBytes });
    expect(desk.all("store.settle")).toHaveLength(1);
  });

  it("never looks at more than the largest of what it subscribes to", () => {
    expect(largestInboundBytes()).toBe(CHANNELS["config-desired"].maxBytes);
  });
});
