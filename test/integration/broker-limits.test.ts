import { connectAsync, type IPublishPacket } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { probeBroker, textMessage } from "../fixtures/broker-probe.ts";
import { type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { until } from "../fixtures/until.ts";

/** What a broker of MQTT 5 asks of its clients, on one that asks for little. */
describe("limits of the broker", () => {
  let mosquitto: Mosquitto;
  beforeAll(async () => {
    mosquitto = await startMosquitto({ config: ["max_inflight_messages 2", "max_packet_size 1000"] });
  });
  afterAll(() => mosquitto.stop());

  test("a hundred messages at once pass through a Receive Maximum of two", async () => {
    const { broker, of, connect } = probeBroker();
    await connect({ url: mosquitto.url });
    for (let token = 1; token <= 100; token += 1) broker.publish(1, token, textMessage("many", `${token}`));
    await until(() => of("broker.acked").length === 100, "100 acks");
    expect(of("broker.disconnected")).toEqual([]);
    await broker.stop();
  });

  test("a packet of the Maximum Packet Size passes, one byte more is refused here and harms nothing", async () => {
    const { broker, of, connect } = probeBroker();
    await connect({ url: mosquitto.url });
    // 1 + 2 bytes of fixed header, 2 + 1 of topic, 2 of packet identifier, 1 of no properties.
    broker.publish(1, 1, textMessage("t", "x".repeat(1_000 - 9)));
    broker.publish(1, 2, textMessage("t", "x".repeat(1_000 - 8)));
    broker.publish(1, 3, textMessage("t", "after"));
    await until(() => of("broker.acked").length === 2, "acks of the first and third");
    expect(of("broker.publish-failed")).toMatchObject([{ token: 2, cause: "refused" }]);
    expect(of("broker.disconnected")).toEqual([]);
    await broker.stop();
  });
});

test("content type and expiry travel on MQTT 5, and are left out on 3.1.1", async () => {
  const mosquitto = await startMosquitto();
  const watcher = await connectAsync(mosquitto.url, { protocolVersion: 5 });
  const packets: IPublishPacket[] = [];
  watcher.on("message", (_topic, _payload, packet) => packets.push(packet));
  await watcher.subscribeAsync("#", { qos: 1 });
  const message = textMessage("t", "{}", { contentType: "application/json", expiryS: 60 });
  for (const protocol of ["5", "3.1.1"] as const) {
    const { broker, connect } = probeBroker({ protocol });
    expect(await connect({ url: mosquitto.url })).toMatchObject({ type: "broker.connected", protocol });
    broker.publish(1, 1, message);
    const count = packets.length;
    await until(() => packets.length > count, "the message");
    await broker.stop();
    await until(() => packets.length > count + 1, "the will");
  }
  const properties = packets.filter((packet) => packet.topic === "t").map((packet) => packet.properties);
  expect(properties[0]).toMatchObject({ contentType: "application/json" });
  expect(properties[0]?.messageExpiryInterval).toBeGreaterThan(50);
  expect(properties[1]?.contentType).toBeUndefined();
  await watcher.endAsync();
  await mosquitto.stop();
});
