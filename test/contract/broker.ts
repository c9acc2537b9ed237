import { afterEach, describe, expect, test } from "vitest";
import { largestInboundBytes } from "../../agent/contract/channels.ts";
import type { Broker, BrokerInput, BrokerMessageOut } from "../../device/ports/broker.ts";
import type { PayloadReference, PayloadSource } from "../../device/ports/fragment-store.ts";

export interface OutsideMessage {
  topic: string;
  payload: Uint8Array;
  retain: boolean;
  qos: number;
  /** MQTT 5: Correlation Data in base64. */
  correlation?: string;
}

/** A broker, an adapter connected to nothing yet, and somebody else at the same broker. */
export interface BrokerWorld {
  broker: Broker;
  url: string;
  /** Nothing answers there. */
  unreachableUrl: string;
  protocol: "3.1.1" | "5";
  publishFromOutside(message: {
    topic: string;
    payload: Uint8Array;
    retain: boolean;
    /** MQTT 5 only. */
    request?: { responseTopic: string; correlation: string; expiryS: number };
  }): Promise<void>;
  /** What arrives from now on (and what is retained), in a list that grows. */
  subscribeOutside(filter: string): Promise<OutsideMessage[]>;
  /** Another client connects under this id. */
  takeOver(clientId: string): Promise<void>;
  /** Lets the world go on until this holds; throws after a while with `what`. */
  until(holds: () => boolean, what: string): Promise<void>;
  /** Lets the world go on for a moment in which whatever is under way would show. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

export type BrokerWorldFactory = (options: {
  payloads: PayloadSource;
  /** The broker refuses the credentials that the adapter has. */
  refuseCredentials: boolean;
}) => Promise<BrokerWorld>;

const text = (topic: string, body: string, retain = false): BrokerMessageOut => ({
  topic,
  payload: { kind: "text", text: body },
  retain,
  contentType: "text/plain",
  expiryS: null,
});
const bytes = (topic: string, payload: PayloadReference): BrokerMessageOut => ({
  topic,
  payload,
  retain: false,
  contentType: null,
  expiryS: null,
});

/** Each test's door has a will of its own: one that a broker publishes late is nobody else's. */
let doors = 0;

/** What every `Broker` must do, whatever broker it talks to. */
export function brokerContract(name: string, makeWorld: BrokerWorldFactory): void {
  describe(`broker contract: ${name}`, () => {
    const open: BrokerWorld[] = [];
    afterEach(async () => {
      for (const world of open.splice(0)) {
        await world.broker.stop();
        await world.close();
      }
    });

    async function begin(options: { read?: PayloadSource["read"]; refuseCredentials?: boolean } = {}) {
      const world = await makeWorld({
        payloads: { read: options.read ?? (async () => "gone") },
        refuseCredentials: options.refuseCredentials ?? false,
      });
      open.push(world);
      const door = `door${++doors}`;
      const willTopic = `will/${door}`;
      const inputs: BrokerInput[] = [];
      world.broker.start((input) => inputs.push(input));
      const of = <T extends BrokerInput["type"]>(type: T) =>
        inputs.filter((input): input is Extract<BrokerInput, { type: T }> => input.type === type);
      const connect = (
        connection = 1,
        more: { url?: string; subscriptions?: string[]; clientId?: string } = {},
      ) =>
        world.broker.connect({
          connection,
          url: more.url ?? world.url,
          clientId: more.clientId ?? door,
          keepAliveS: 30,
          will: { topic: willTopic, text: `gone ${connection}` },
          subscriptions: more.subscriptions ?? [],
        });
      const connected = async (connection = 1, more: Parameters<typeof connect>[1] = {}) => {
        connect(connection, more);
        await world.until(
          () => of("broker.connected").some((input) => input.connection === connection),
          "broker.connected",
        );
      };
      const ended = () => world.until(() => of("broker.disconnected").length > 0, "broker.disconnected");
      const textsOf = (messages: OutsideMessage[]) =>
        messages.map((m) => new TextDecoder().decode(m.payload));
      return { world, willTopic, inputs, of, connect, connected, ended, textsOf };
    }

    test("connects, says so once with its protocol, in whole milliseconds", async () => {
      const { world, inputs, of, connected } = await begin();
      await connected(7);
      await world.settle();
      expect(of("broker.connected")).toEqual([
        { type: "broker.connected", occurredAt: expect.any(Number), connection: 7, protocol: world.protocol },
      ]);
      expect(inputs.every((input) => Number.isSafeInteger(input.occurredAt))).toBe(true);
    });

    test("posts nothing before `connect` and `publish` have returned", async () => {
      const { inputs, connect, world, of } = await begin();
      connect();
      expect(inputs).toEqual([]);
      await world.until(() => of("broker.connected").length === 1, "broker.connected");
      const before = inputs.length;
      world.broker.publish(1, 1, text("a", "b"));
      world.broker.publish(1, 2, bytes("a", { kind: "still", eventId: "none" }));
      expect(inputs.length).toBe(before);
    });

    test("publishes: acknowledged, and seen by another client as it was sent", async () => {
      const { world, of, connected } = await begin();
      const seen = await world.subscribeOutside("porch/#");
      await connected();
      world.broker.publish(1, 41, text("porch/live", "première"));
      world.broker.publish(1, 42, text("porch/kept", "kept", true));
      world.broker.publish(1, 43, { ...text("porch/none", ""), payload: { kind: "empty" } });
      await world.until(
        () => of("broker.acked").length === 3 && seen.length === 3,
        "three acks and messages",
      );
      expect(of("broker.acked").map((ack) => [ack.connection, ack.token])).toEqual([
        [1, 41],
        [1, 42],
        [1, 43],
      ]);
      expect(seen.map((m) => [m.topic, new TextDecoder().decode(m.payload), m.qos])).toEqual([
        ["porch/live", "première", 1],
        ["porch/kept", "kept", 1],
        ["porch/none", "", 1],
      ]);
      const later = await world.subscribeOutside("porch/#");
      await world.until(() => later.length > 0, "the retained message");
      await world.settle();
      expect(later.map((m) => [m.topic, m.retain])).toEqual([["porch/kept", true]]);
    });

    test("keeps the order although bytes are read with a delay", async () => {
      const reads: (() => void)[] = [];
      const { world, of, connected, textsOf } = await begin({
        read: (reference) =>
          new Promise((resolve) => {
            const body = reference.kind === "segment" ? `segment ${reference.index}` : reference.eventId;
            reads.push(() => resolve(new TextEncoder().encode(body)));
          }),
      });
      const seen = await world.subscribeOutside("order/#");
      await connected();
      world.broker.publish(1, 1, text("order/a", "first"));
      world.broker.publish(1, 2, bytes("order/b", { kind: "segment", clipId: "c", index: 0 }));
      world.broker.publish(1, 3, bytes("order/c", { kind: "still", eventId: "still" }));
      world.broker.publish(1, 4, text("order/d", "last"));
      await world.until(
        () => reads.length === 2 && seen.length === 1,
        "both reads begun and the first text sent",
      );
      for (const read of reads.reverse()) read();
      await world.until(() => of("broker.acked").length === 4 && seen.length === 4, "four messages");
      expect(textsOf(seen)).toEqual(["first", "segment 0", "still", "last"]);
    });

    test("a payload that has expired is answered, and holds nothing up", async () => {
      const { world, of, connected } = await begin();
      await connected();
      world.broker.publish(1, 1, bytes("x", { kind: "segment", clipId: "c", index: 3 }));
      world.broker.publish(1, 2, text("x", "after"));
      await world.until(() => of("broker.acked").length === 1, "the ack of the second");
      expect(of("broker.publish-failed")).toMatchObject([{ connection: 1, token: 1, cause: "gone" }]);
      expect(of("broker.acked")).toMatchObject([{ token: 2 }]);
    });

    test("delivers what it is subscribed to, and what was retained before", async () => {
      const { world, of, inputs, connected } = await begin();
      const payload = new TextEncoder().encode("kept ü");
      await world.publishFromOutside({ topic: "in/kept", payload, retain: true });
      await connected(1, { subscriptions: ["in/#", "other"] });
      await world.until(() => of("broker.message").length === 1, "the retained message");
      await world.publishFromOutside({ topic: "in/live", payload: new Uint8Array(), retain: false });
      await world.publishFromOutside({ topic: "elsewhere", payload, retain: false });
      await world.publishFromOutside({ topic: "other", payload, retain: false });
      await world.until(() => of("broker.message").length === 3, "the live messages");
      expect(inputs[0]?.type).toBe("broker.connected");
      expect(
        of("broker.message").map(({ topic, text, bytes, retain }) => ({ topic, text, bytes, retain })),
      ).toEqual([
        { topic: "in/kept", text: "kept ü", bytes: 7, retain: true },
        { topic: "in/live", text: "", bytes: 0, retain: false },
        { topic: "other", text: "kept ü", bytes: 7, retain: false },
      ]);
    });

    test("hands on how a request is to be answered, live and retained, and the answer's correlation", async () => {
      const { world, of, connected } = await begin();
      const request = { responseTopic: "cloud/answers", correlation: "AAH/gGE=", expiryS: 600 };
      const isFive = world.protocol === "5";
      const asking = { payload: new TextEncoder().encode("{}"), ...(isFive && { request }) };
      await world.publishFromOutside({ topic: "in/kept", retain: true, ...asking });
      const seen = await world.subscribeOutside("cloud/answers");
      await connected(1, { subscriptions: ["in/#"] });
      await world.publishFromOutside({ topic: "in/live", retain: false, ...asking });
      await world.until(() => of("broker.message").length === 2, "both messages");
      for (const message of of("broker.message")) {
        const { responseTopic, correlation, expiryS = 0 } = message;
        expect([responseTopic, correlation]).toEqual(
          isFive ? [request.responseTopic, request.correlation] : [undefined, undefined],
        );
        // A broker counts what it has kept a message for.
        expect(isFive ? expiryS > 590 && expiryS <= 600 : expiryS === 0).toBe(true);
      }
      const { correlation } = request;
      world.broker.publish(1, 1, { ...text("cloud/answers", "yes"), correlation });
      await world.until(() => seen.length === 1 && of("broker.acked").length === 1, "the answer");
      expect(seen[0]?.correlation).toBe(isFive ? correlation : undefined);
    });

    test("takes in garbage and oversized messages without their text", async () => {
      const { world, of, connected } = await begin();
      await connected(1, { subscriptions: ["in"] });
      const mostBytes = largestInboundBytes();
      const messages = [
        new Uint8Array([0xc3, 0x28]),
        new Uint8Array(mostBytes).fill(97),
        new Uint8Array(mostBytes + 1).fill(97),
      ];
      for (const payload of messages) await world.publishFromOutside({ topic: "in", payload, retain: false });
      await world.until(() => of("broker.message").length === 3, "all three");
      expect(of("broker.message").map((m) => [m.bytes, m.text?.length ?? null])).toEqual([
        [2, null],
        [mostBytes, mostBytes],
        [mostBytes + 1, null],
      ]);
      expect(of("broker.disconnected")).toEqual([]);
    });

    test("disconnect: what was published before arrives, the will does not", async () => {
      const { world, willTopic, of, inputs, connected, ended } = await begin({
        read: async () => new TextEncoder().encode("still"),
      });
      const seen = await world.subscribeOutside("last");
      const wills = await world.subscribeOutside(willTopic);
      await connected();
      world.broker.publish(1, 1, bytes("last", { kind: "still", eventId: "e" }));
      world.broker.publish(1, 2, text("last", "words"));
      world.broker.disconnect(1);
      world.broker.publish(1, 3, text("last", "too late"));
      world.broker.disconnect(1);
      await ended();
      await world.until(() => seen.length >= 2, "the last words");
      await world.settle();
      expect(seen).toHaveLength(2);
      expect(wills).toEqual([]);
      expect(of("broker.disconnected")).toMatchObject([{ connection: 1, cause: "closed" }]);
      expect(inputs.at(-1)?.type).toBe("broker.disconnected");
    });

    test("abandon: the will is published, retained, and nothing is answered any more", async () => {
      const { world, willTopic, of, connected, ended } = await begin();
      const seen = await world.subscribeOutside(willTopic);
      await connected();
      world.broker.publish(1, 1, text("x", "in flight"));
      world.broker.abandon(1);
      world.broker.abandon(1);
      world.broker.publish(1, 2, text("x", "never"));
      await ended();
      await world.until(() => seen.length === 1, "the will");
      await world.settle();
      expect(of("broker.disconnected")).toMatchObject([{ connection: 1, cause: "closed" }]);
      expect(of("broker.acked").concat()).toEqual([]);
      expect(of("broker.publish-failed")).toEqual([]);
      const later = await world.subscribeOutside(willTopic);
      await world.until(() => later.length === 1, "the retained will");
      expect(later.map((m) => [new TextDecoder().decode(m.payload), m.retain])).toEqual([["gone 1", true]]);
    });

    test("abandoning an attempt ends it, and the next one works", async () => {
      const { world, of, connect, connected, ended } = await begin();
      connect(1);
      world.broker.abandon(1);
      await ended();
      await connected(2);
      expect(of("broker.disconnected")).toMatchObject([{ connection: 1, cause: "closed" }]);
      expect(of("broker.connected")).toMatchObject([{ connection: 2 }]);
    });

    test("refused credentials: the operator must act", async () => {
      const { world, of, inputs, connect, ended } = await begin({ refuseCredentials: true });
      connect();
      await ended();
      await world.settle();
      expect(inputs).toHaveLength(1);
      expect(of("broker.disconnected")).toMatchObject([{ connection: 1, cause: "refused" }]);
      expect(of("broker.disconnected")[0]?.detail).not.toBe("");
    });

    test("nobody listens: unreachable", async () => {
      const { world, of, inputs, connect, ended } = await begin();
      connect(1, { url: world.unreachableUrl });
      await ended();
      await world.settle();
      expect(inputs).toHaveLength(1);
      expect(of("broker.disconnected")).toMatchObject([{ connection: 1, cause: "unreachable" }]);
    });

    test("taken over by the same client id: closed, once", async () => {
      const { world, of, connected, ended } = await begin();
      await connected(1, { clientId: "twin" });
      await world.takeOver("twin");
      await ended();
      await world.settle();
      expect(of("broker.disconnected")).toMatchObject([{ connection: 1, cause: "closed" }]);
    });

    test("connects again after every end, under the next number", async () => {
      const { world, of, connected } = await begin();
      for (const connection of [1, 2, 3]) {
        await connected(connection);
        if (connection % 2 === 0) world.broker.disconnect(connection);
        else world.broker.abandon(connection);
        await world.until(() => of("broker.disconnected").length === connection, `end ${connection}`);
      }
      await world.settle();
      expect(of("broker.connected").map((input) => input.connection)).toEqual([1, 2, 3]);
      expect(of("broker.disconnected").map((input) => input.connection)).toEqual([1, 2, 3]);
    });

    test("one connection at a time: what is given to another is not sent, and a second is refused", async () => {
      const { world, of, connect, connected } = await begin();
      const seen = await world.subscribeOutside("which");
      await connected(1);
      world.broker.publish(7, 1, text("which", "never connected"));
      expect(() => connect(2)).toThrow(/connection 1 is still open/);
      world.broker.abandon(1);
      await world.until(() => of("broker.disconnected").length === 1, "the end of the first");
      await connected(2);
      world.broker.publish(1, 1, text("which", "the one before"));
      world.broker.publish(2, 1, text("which", "the second"));
      await world.until(() => of("broker.acked").length > 0 && seen.length > 0, "the second's message");
      await world.settle();
      expect(seen.map((m) => new TextDecoder().decode(m.payload))).toEqual(["the second"]);
      expect(of("broker.acked")).toMatchObject([{ connection: 2, token: 1 }]);
      expect(of("broker.publish-failed")).toEqual([]);
    });

    test("nothing retained takes away what was", async () => {
      const { world, of, connected } = await begin();
      await connected();
      world.broker.publish(1, 1, text("porch/kept", "kept", true));
      world.broker.publish(1, 2, { ...text("porch/kept", "", true), payload: { kind: "empty" } });
      await world.until(() => of("broker.acked").length === 2, "both acks");
      const later = await world.subscribeOutside("porch/#");
      await world.settle();
      expect(later).toEqual([]);
    });

    test("stop ends what is open, and then nothing is posted", async () => {
      const { world, inputs, connected } = await begin();
      await connected();
      await world.broker.stop();
      const count = inputs.length;
      await world.settle();
      expect(inputs.length).toBe(count);
    });
  });
}
