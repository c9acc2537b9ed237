import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EmbeddedBroker } from "../../simulator/network/embedded-broker.ts";
import { type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { type Rabbitmq, startRabbitmq } from "../fixtures/rabbitmq.ts";
import { type ConformanceResult, runConformance } from "./stories/conformance.ts";

/** The same on every broker: what the contract promises needs nothing that one of them has not. */
const EXPECTED: ConformanceResult = {
  presses: [
    ["event/press", 1, true],
    ["event/press", 2, true],
  ],
  repeatedPresses: 0,
  snapshots: 2,
  clips: [
    { whole: true, end: "finished" },
    { whole: true, end: "finished" },
  ],
  statuses: ["online", "online", "offline", "online", "stopped"],
  otherRetained: [],
  trouble: [],
  gaps: 0,
};

const aedes = new EmbeddedBroker();
let mosquitto: Mosquitto;
let rabbitmq: Rabbitmq;
beforeAll(async () => {
  await aedes.start();
  [mosquitto, rabbitmq] = await Promise.all([startMosquitto(), startRabbitmq()]);
}, 90_000);
afterAll(async () => {
  await Promise.all([aedes.stop(), mosquitto.stop(), rabbitmq?.stop()]);
});

describe.concurrent("the whole wire", () => {
  test.each([
    ["aedes", "3.1.1", () => aedes.port],
    ["mosquitto", "3.1.1", () => mosquitto.port],
    ["mosquitto", "5", () => mosquitto.port],
    ["RabbitMQ 4", "3.1.1", () => rabbitmq.nodes[0].port],
    ["RabbitMQ 4", "5", () => rabbitmq.nodes[0].port],
  ] as const)("on %s by MQTT %s", async (_name, protocol, port) => {
    const deviceId = `door-${protocol.replaceAll(".", "")}`;
    const result = await runConformance({ port: port(), protocol, deviceId });
    expect(result).toEqual(EXPECTED);
  });
});
