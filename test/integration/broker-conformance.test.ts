import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EmbeddedBroker } from "../../simulator/network/embedded-broker.ts";
import { type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { type Rabbitmq, startRabbitmq } from "../fixtures/rabbitmq.ts";
import { type ConformanceResult, runConformance } from "./stories/conformance.ts";
import { runTakeover } from "./stories/takeover.ts";

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

const BROKERS = [
  ["aedes", ["3.1.1"], () => aedes.port],
  ["mosquitto", ["3.1.1", "5"], () => mosquitto.port],
  ["RabbitMQ 4", ["3.1.1", "5"], () => rabbitmq.nodes[0].port],
] as const;

describe.each(BROKERS)("on %s", (_name, protocols, port) => {
  test.concurrent.each(protocols)("the whole wire, by MQTT %s", async (protocol) => {
    const deviceId = `door-${protocol.replaceAll(".", "")}`;
    expect(await runConformance({ port: port(), protocol, deviceId })).toEqual(EXPECTED);
  });
  test.concurrent.each(protocols)("a connection's late will never wins, by MQTT %s", async (protocol) => {
    const deviceId = `taken-${protocol.replaceAll(".", "")}`;
    const told = await runTakeover({ port: port(), protocol, deviceId, rounds: 6, seed: 1 });
    for (const { how, state, connection, is } of told.rounds)
      expect({ how, state, connection }).toEqual({ how, state: "online", connection: is });
    expect(told.rounds).toHaveLength(6);
    expect(told.atEnd).toBe("stopped");
  });
});
