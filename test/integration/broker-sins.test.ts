import { connect } from "node:net";

import { setTimeout as pause } from "node:timers/promises";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { SinningBroker } from "../../simulator/network/sinning-broker.ts";
import { probeBroker, textMessage } from "../fixtures/broker-probe.ts";
import { type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { until } from "../fixtures/until.ts";

let mosquitto: Mosquitto;
beforeAll(async () => {
  mosquitto = await startMosquitto();
});
afterAll(() => mosquitto.stop());

let sinning: SinningBroker;
let watcher: MqttClient;
let delivered: string[];
let wills: number;
beforeEach(async () => {
  sinning = new SinningBroker({ host: "127.0.0.1", port: mosquitto.port }, 7);
  await sinning.start();
  watcher = await connectAsync(mosquitto.url);
  delivered = [];
  wills = 0;
  watcher.on("message", (topic, payload, { retain }) => {
    // Of an earlier test's connection too.
    if (topic === "will") wills += 1;
    else if (!retain) delivered.push(`${topic} ${payload}`);
  });
  await watcher.subscribeAsync("#", { qos: 1 });
});
afterEach(async () => {
  await watcher.endAsync();
  await sinning.stop();
});
const url = () => `mqtt://127.0.0.1:${sinning.port}`;

describe.each(["5", "3.1.1"] as const)("MQTT %s", (protocol) => {
  test("without sins everything passes as it is: messages, acknowledgements, retained ones, the will", async () => {
    const { broker, connect, of } = probeBroker({ protocol });
    await connect({ url: url(), subscriptions: ["kept"] });
    for (let token = 1; token <= 50; token += 1)
      broker.publish(1, token, textMessage("t", "x".repeat(token * 1_000)));
    broker.publish(1, 51, textMessage("kept", "é", { retain: true }));
    await until(() => of("broker.acked").length === 51, "every acknowledgement");
    expect(of("broker.acked").map(({ token }) => token)).toEqual(
      Array.from({ length: 51 }, (_, at) => at + 1),
    );
    await until(() => delivered.length === 51 && of("broker.message").length === 1, "every message");
    expect(delivered.map((text) => text.length)).toEqual([
      ...Array.from({ length: 50 }, (_, at) => 2 + (at + 1) * 1_000),
      6,
    ]);
    wills = 0;
    broker.abandon(1);
    await until(() => wills === 1, "the will");
    await broker.stop();
    await watcher.publishAsync("kept", "", { retain: true });
  });

  test("it refuses", async () => {
    sinning.sins.refusing = true;
    const { connect } = probeBroker({ protocol });
    expect(await connect({ url: url() })).toMatchObject({
      type: "broker.disconnected",
      cause: "refused",
      detail: expect.stringMatching(/not authorized/i),
    });
  });

  test("it forgets what it acknowledges, in the order of the messages", async () => {
    const { broker, connect, of } = probeBroker({ protocol });
    await connect({ url: url() });
    sinning.sins.forgetPermille = 500;
    for (let token = 1; token <= 40; token += 1) broker.publish(1, token, textMessage("t", `${token}`));
    await until(() => of("broker.acked").length === 40, "every acknowledgement");
    expect(of("broker.acked").map(({ token }) => token)).toEqual(
      Array.from({ length: 40 }, (_, at) => at + 1),
    );
    sinning.sins.forgetPermille = 0;
    broker.publish(1, 41, textMessage("t", "41"));
    await until(() => delivered.includes("t 41"), "the one that it remembers");
    expect(delivered.length).toBeGreaterThan(5);
    expect(delivered.length).toBeLessThan(36);
    await broker.stop();
  });

  test("it acknowledges late, or twice", async () => {
    const { broker, connect, of } = probeBroker({ protocol });
    await connect({ url: url() });
    sinning.sins.ackDelayMs = 200;
    broker.publish(1, 1, textMessage("t", "1"));
    await until(() => delivered.length === 1, "the message");
    const deliveredAt = performance.now();
    await until(() => of("broker.acked").length === 1, "its acknowledgement");
    expect(performance.now() - deliveredAt).toBeGreaterThan(150);
    sinning.sins.ackDelayMs = 0;
    sinning.sins.ackTwicePermille = 1_000;
    for (const token of [2, 3, 4]) broker.publish(1, token, textMessage("t", `${token}`));
    await until(() => of("broker.acked").length >= 4, "the acknowledgements");
    await pause(50);
    // The agent's client takes the second one of each for none of its messages.
    expect(of("broker.acked").map(({ token }) => token)).toEqual([1, 2, 3, 4]);
    expect(of("broker.disconnected")).toEqual([]);
    await broker.stop();
  });
});

test("what it retained is lost without a word", async () => {
  await watcher.publishAsync("status", "kept", { retain: true, qos: 1 });
  const { broker, connect, of } = probeBroker();
  await connect({ url: url(), subscriptions: ["status"] });
  await until(() => of("broker.message").length === 1, "the retained one");
  sinning.sins.hidesClearing = true;
  await watcher.publishAsync("status", "", { retain: true, qos: 1 });
  await watcher.publishAsync("status", "next", { qos: 1 });
  await until(() => of("broker.message").length === 2, "the next one");
  expect(of("broker.message").map(({ text }) => text)).toEqual(["kept", "next"]);
  await broker.stop();
});

test("what is no MQTT ends the connection, and nothing else", async () => {
  const socket = connect(sinning.port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.write(Buffer.alloc(40, 0xff));
  await until(() => socket.destroyed, "the end");
  const probe = probeBroker();
  expect(await probe.connect({ url: url() })).toMatchObject({ type: "broker.connected" });
  await probe.broker.stop();
});
