import type { PayloadSource } from "../../device/ports/fragment-store.ts";
import { ModelledBroker } from "../../simulator/network/modelled-broker.ts";
import { ModelledBrokerClient } from "../../simulator/network/modelled-client.ts";
import { ModelledLink } from "../../simulator/network/modelled-link.ts";
import type { ModelledMessage } from "../../simulator/network/modelled-message.ts";
import { PoweredTime } from "../../simulator/world/device-time.ts";
import { World } from "../../simulator/world/world.ts";
import { brokerContract, type OutsideMessage } from "./broker.ts";

const URL = "mqtt://door.test";
const nobody = { arrived: () => undefined, forgot: () => undefined };

brokerContract("modelled", async ({ payloads, refuseCredentials }) => {
  const world = new World(1);
  const broker = new ModelledBroker(world, world.chance.fork("broker"), nobody);
  broker.refusing = refuseCredentials;
  const link = new ModelledLink(world, world.chance.fork("link"), {
    latencyMs: 2,
    jitterMs: 3,
    bytesPerSecond: 1_000_000,
  });
  const client = (source: PayloadSource) =>
    new ModelledBrokerClient(
      new PoweredTime(world),
      { link, broker, url: URL },
      world.chance.fork("client"),
      // A tag can be anything that says what the bytes are: here it is the bytes.
      (reference, found) => {
        void source.read(reference).then((read) => {
          found(read === "gone" ? null : { bytes: read.length, tag: Buffer.from(read).toString("hex") });
        });
      },
      () => undefined,
    );
  const run = async (ms: number, enough: () => boolean) => {
    for (let passed = 0; passed < ms && !enough(); passed += 1) {
      world.runUntil(world.nowMs + 1);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return {
    broker: client(payloads),
    url: URL,
    unreachableUrl: "mqtt://nobody.test",
    protocol: "5",
    publishFromOutside: async ({ topic, payload, retain, request }) => {
      const message = { topic, text: textOf(payload), bytes: payload.length, tag: null, retain };
      broker.publishFromOutside({ ...message, ...request });
    },
    subscribeOutside: async (filter) => {
      const messages: OutsideMessage[] = [];
      broker.addSession(filter, { deliver: (message) => messages.push(seen(message)) });
      return messages;
    },
    takeOver: async (clientId) => {
      const twin = client({ read: async () => "gone" });
      twin.start(() => undefined);
      const will = { topic: "will/twin", text: "" };
      twin.connect({ connection: 1, url: URL, clientId, keepAliveS: 30, will, subscriptions: [] });
    },
    until: async (holds, what) => {
      await run(2_000, holds);
      if (!holds()) throw new Error(`not within two virtual seconds: ${what}`);
    },
    settle: () => run(50, () => false),
    close: async () => undefined,
  };
});

function textOf(payload: Uint8Array): string | null {
  const text = Buffer.from(payload).toString();
  return Buffer.from(text).equals(payload) ? text : null;
}

function seen({ topic, text, tag, retain, correlation }: ModelledMessage): OutsideMessage {
  const payload = tag === null ? Buffer.from(text ?? "") : Buffer.from(tag, "hex");
  return { topic, payload, retain, qos: 1, ...(correlation !== undefined && { correlation }) };
}
