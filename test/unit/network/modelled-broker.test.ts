import { describe, expect, it } from "vitest";
import type { BrokerInput } from "../../../device/ports/broker.ts";
import { ModelledBroker } from "../../../simulator/network/modelled-broker.ts";
import { ModelledBrokerClient } from "../../../simulator/network/modelled-client.ts";
import { ModelledLink } from "../../../simulator/network/modelled-link.ts";
import { matches, textMessage } from "../../../simulator/network/modelled-message.ts";
import { PoweredTime } from "../../../simulator/world/device-time.ts";
import { World } from "../../../simulator/world/world.ts";

const URL = "mqtt://door.test";

function begin() {
  const world = new World(1);
  const forgotten: string[] = [];
  const broker = new ModelledBroker(world, world.chance.fork("broker"), {
    arrived: () => undefined,
    forgot: ({ topic }) => forgotten.push(topic),
  });
  const link = new ModelledLink(world, world.chance.fork("link"), {
    latencyMs: 5,
    jitterMs: 0,
    bytesPerSecond: 1_000_000,
  });
  const got: string[] = [];
  const session = broker.addSession("#", {
    deliver: ({ topic, text }) => got.push(`${topic}=${text}`),
  });
  const client = () => {
    const inputs: BrokerInput[] = [];
    const network = { link, broker, url: URL };
    const made = new ModelledBrokerClient(
      new PoweredTime(world),
      network,
      world.chance.fork("client"),
      () => undefined,
      () => undefined,
    );
    made.start((input) => inputs.push(input));
    const connect = (connection: number) =>
      made.connect({
        connection,
        url: URL,
        clientId: "door",
        keepAliveS: 30,
        will: { topic: "status", text: `gone ${connection}` },
        subscriptions: ["status"],
      });
    const say = (connection: number, token: number, topic: string, retain = false) =>
      made.publish(connection, token, {
        topic,
        payload: { kind: "text", text: "x" },
        retain,
        contentType: null,
        expiryS: null,
      });
    const acks = () => inputs.flatMap((input) => (input.type === "broker.acked" ? [input.token] : []));
    return { client: made, inputs, connect, say, acks };
  };
  return { world, broker, link, forgotten, got, session, client };
}

describe("a modelled broker", () => {
  it.each([
    [false, "gone 1"],
    [true, "online"],
  ])("publishes an old will at a take-over (last: %s)", (oldWillLast, meanwhile) => {
    const { world, broker, client } = begin();
    broker.oldWillLast = oldWillLast;
    const door = client();
    door.connect(1);
    world.runUntil(100);
    door.client.powerCut();
    broker.publishFromOutside(textMessage("status", "online", true));
    client().connect(1);
    world.runUntil(130);
    expect(broker.retained("status")).toBe(meanwhile);
    world.runUntil(5_000);
    expect(broker.retained("status")).toBe("gone 1");
  });

  it("acknowledges what it forgets, and tells only whoever watches", () => {
    const { world, broker, forgotten, got, client } = begin();
    const door = client();
    door.connect(1);
    world.runUntil(100);
    broker.forgetPermille = 1_000;
    door.say(1, 7, "event");
    world.runUntil(200);
    expect([door.acks(), forgotten, got]).toEqual([[7], ["event"], []]);
  });

  it("delays and repeats acknowledgements", () => {
    const { world, broker, client } = begin();
    const door = client();
    door.connect(1);
    world.runUntil(100);
    Object.assign(broker, { ackDelayMs: 1_000, ackTwicePermille: 1_000 });
    door.say(1, 7, "event");
    world.runUntil(1_100);
    expect(door.acks()).toEqual([]);
    world.runUntil(1_200);
    expect(door.acks()).toEqual([7, 7]);
  });

  it.each([true, false])(
    "when it is killed, what it had promised depends on its sessions (kept: %s)",
    (kept) => {
      const { world, broker, forgotten, got, session, client } = begin();
      const door = client();
      door.connect(1);
      world.runUntil(100);
      session.setPresent(false);
      door.say(1, 7, "event");
      door.say(1, 8, "kept", true);
      world.runUntil(200);
      expect(door.acks()).toEqual([7, 8]);
      broker.kill({ retained: kept, sessions: kept });
      world.runUntil(300);
      expect(door.inputs.at(-1)).toMatchObject({ type: "broker.disconnected", cause: "closed" });
      door.connect(2);
      world.runUntil(400);
      expect(door.inputs.at(-1)).toMatchObject({ type: "broker.disconnected", cause: "unreachable" });
      session.setPresent(true);
      broker.restart();
      world.runUntil(500);
      expect(got).toEqual(kept ? ["event=x", "kept=x"] : []);
      expect(forgotten).toEqual(kept ? [] : ["event", "kept"]);
      expect(broker.retained("kept")).toBe(kept ? "x" : null);
    },
  );

  it("publishes the will of a client that is silent for too long, and discards it at a DISCONNECT", () => {
    const { world, broker, link, client } = begin();
    const door = client();
    door.connect(1);
    world.runUntil(100);
    door.client.disconnect(1);
    world.runUntil(200);
    expect(broker.retained("status")).toBeNull();
    door.connect(2);
    world.runUntil(300);
    link.block("up");
    link.block("down");
    world.runUntil(45_299);
    expect(broker.retained("status")).toBeNull();
    world.runUntil(45_301);
    expect(broker.retained("status")).toBe("gone 2");
  });
});

describe("a topic filter", () => {
  it.each([
    ["a/b", "a/b", true],
    ["a/b", "a/b/c", false],
    ["a/+", "a/b", true],
    ["a/+", "a/b/c", false],
    ["a/#", "a/b/c", true],
    ["a/#", "a", true],
    ["#", "a/b", true],
    ["a/+/c", "a/b/d", false],
  ])("%s against %s: %s", (filter, topic, expected) => {
    expect(matches(filter, topic)).toBe(expected);
  });
});
