import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type MqttClient } from "mqtt";
import { afterAll, beforeAll } from "vitest";
import { MqttBroker } from "../../agent/mqtt/mqtt-broker.ts";
import { LinuxClock } from "../../device/linux/clock.ts";
import { EmbeddedBroker } from "../../simulator/network/embedded-broker.ts";
import { freePort } from "../../simulator/network/mosquitto.ts";
import { type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { until } from "../fixtures/until.ts";
import { type BrokerWorldFactory, brokerContract, type OutsideMessage } from "./broker.ts";

const credentials = { username: "door", password: "correct horse" };

/** A world around a real broker at `url()`; every client presents credentials. */
function realBroker(protocol: "3.1.1" | "5", url: () => string): BrokerWorldFactory {
  return async ({ payloads, refuseCredentials }) => {
    const folder = await mkdtemp(join(tmpdir(), "porchlight-broker-"));
    const passwordFile = join(folder, "password");
    await writeFile(passwordFile, `${refuseCredentials ? "wrong" : credentials.password}\n`);
    const protocolVersion = protocol === "5" ? (5 as const) : (4 as const);
    const clients: MqttClient[] = [];
    const client = async (clientId: string) => {
      const options = { ...credentials, clientId, reconnectPeriod: 0, protocolVersion };
      const made = await connectAsync(url(), options);
      clients.push(made);
      return made;
    };
    const outside = await client("outside");
    return {
      broker: new MqttBroker({
        clock: new LinuxClock("system"),
        payloads,
        protocol,
        username: credentials.username,
        passwordFile,
        caFile: "",
        certFile: "",
        keyFile: "",
        crlFile: "",
        tlsMinVersion: "1.2",
      }),
      url: url(),
      unreachableUrl: `mqtt://127.0.0.1:${await freePort()}`,
      protocol,
      publishFromOutside: async ({ topic, payload, retain, request }) => {
        const properties = request && {
          responseTopic: request.responseTopic,
          correlationData: Buffer.from(request.correlation, "base64"),
          messageExpiryInterval: request.expiryS,
        };
        const options = { qos: 1 as const, retain, ...(properties && { properties }) };
        await outside.publishAsync(topic, Buffer.from(payload), options);
      },
      subscribeOutside: async (filter) => {
        const watcher = await client(`watcher-${clients.length}`);
        const messages: OutsideMessage[] = [];
        watcher.on("message", (topic, payload, packet) => {
          const correlation = packet.properties?.correlationData?.toString("base64");
          const { retain, qos } = packet;
          const message = { topic, payload: new Uint8Array(payload), retain, qos };
          messages.push({ ...message, ...(correlation !== undefined && { correlation }) });
        });
        await watcher.subscribeAsync(filter, { qos: 1 });
        return messages;
      },
      takeOver: async (clientId) => {
        await client(clientId);
      },
      until,
      settle: () => new Promise((resolve) => setTimeout(resolve, 50)),
      close: async () => {
        for (const topic of ["in/kept", "porch/kept"]) {
          await outside.publishAsync(topic, "", { qos: 1, retain: true });
        }
        await Promise.all(clients.filter((each) => each.connected).map((each) => each.endAsync()));
        await rm(folder, { recursive: true });
      },
    };
  };
}

let mosquitto: Mosquitto;
const aedes = new EmbeddedBroker({ credentials });
beforeAll(async () => {
  mosquitto = await startMosquitto({ credentials });
  await aedes.start();
});
afterAll(async () => {
  await mosquitto.stop();
  await aedes.stop();
});

brokerContract(
  "MQTT 5 on mosquitto",
  realBroker("5", () => mosquitto.url),
);
brokerContract(
  "MQTT 3.1.1 on mosquitto",
  realBroker("3.1.1", () => mosquitto.url),
);
brokerContract(
  "MQTT 3.1.1 on aedes",
  realBroker("3.1.1", () => aedes.url),
);
