import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import { connectAsync } from "mqtt";
import { afterEach, describe, expect, test } from "vitest";
import { EmbeddedBroker } from "../../simulator/network/embedded-broker.ts";
import { FaultProxy } from "../../simulator/network/fault-proxy.ts";
import { probeBroker, textMessage } from "../fixtures/broker-probe.ts";
import { startMosquitto } from "../fixtures/mosquitto.ts";
import { until } from "../fixtures/until.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

/** A peer that does with each connection what the test says. */
async function peer(behave: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    behave(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  cleanups.push(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return `mqtt://127.0.0.1:${address.port}`;
}

async function behindProxy() {
  const mosquitto = await startMosquitto();
  const proxy = new FaultProxy({ host: "127.0.0.1", port: mosquitto.port });
  await proxy.start();
  cleanups.push(() => mosquitto.stop());
  cleanups.push(() => proxy.stop());
  return { mosquitto, proxy };
}

const CONNACK = Buffer.from([0x20, 2, 0, 0]);

describe("a peer that is no broker", () => {
  test.each<[string, (socket: Socket) => void]>([
    ["says nothing", () => {}],
    [
      "accepts and never acknowledges the subscription",
      (socket) => socket.once("data", () => socket.write(CONNACK)),
    ],
  ])("one that %s: unreachable after the time limit", async (_, behave) => {
    const { connect, inputs } = probeBroker({ protocol: "3.1.1", connectTimeoutMs: 200 });
    const answer = await connect({ url: await peer(behave), subscriptions: ["x"] });
    expect(answer).toMatchObject({ type: "broker.disconnected", cause: "unreachable" });
    await pause(20);
    expect(inputs).toHaveLength(1);
  });

  test.each<[string, (socket: Socket) => void, string]>([
    ["closes at once", (socket) => socket.destroy(), "unreachable"],
    ["resets", (socket) => socket.resetAndDestroy(), "unreachable"],
    ["speaks HTTP", (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n"), "unreachable"],
    ["accepts and talks nonsense", (socket) => socket.write(Buffer.from([...CONNACK, 0, 0])), "unreachable"],
    ["accepts twice", (socket) => socket.write(Buffer.concat([CONNACK, CONNACK])), "closed"],
  ])("one that %s: ended once", async (_, behave, cause) => {
    const { connect, inputs, disconnected, of } = probeBroker({ protocol: "3.1.1", connectTimeoutMs: 2_000 });
    await connect({ url: await peer(behave) });
    expect(await disconnected()).toMatchObject({ cause });
    await pause(20);
    expect(of("broker.disconnected")).toHaveLength(1);
    expect(inputs.at(-1)?.type).toBe("broker.disconnected");
  });
});

describe("over WebSocket", () => {
  const webSocket = async (behave: (socket: Socket) => void) => (await peer(behave)).replace("mqtt:", "ws:");

  test("no answer to the upgrade: unreachable after the time limit, or ended at once when abandoned", async () => {
    const url = await webSocket(() => {});
    const { broker, connect, inputs } = probeBroker({ connectTimeoutMs: 200 });
    expect(await connect({ url })).toMatchObject({ cause: "unreachable" });
    const second = connect({ url, connection: 2 });
    await pause(50);
    broker.abandon(2);
    expect(await second).toMatchObject({ connection: 2, cause: "closed" });
    await broker.stop();
    expect(inputs).toHaveLength(2);
  });

  test.each([
    ["403 Forbidden", "refused"],
    ["404 Not Found", "refused"],
    ["429 Too Many Requests", "unreachable"],
    ["503 Service Unavailable", "unreachable"],
  ])("an upgrade that is answered by %s: %s", async (status, cause) => {
    const answer = `HTTP/1.1 ${status}\r\nContent-Length: 0\r\n\r\n`;
    const { connect, inputs } = probeBroker({ connectTimeoutMs: 2_000 });
    const url = await webSocket((socket) => socket.once("data", () => socket.end(answer)));
    expect(await connect({ url })).toMatchObject({ type: "broker.disconnected", cause });
    expect(inputs).toHaveLength(1);
  });
});

test.each<[string, number, string, RegExp]>([
  ["taken over", 0x8e, "closed", /^127\.0\.0\.1:\d+ ended the connection: Session taken over \(0x8e\)$/],
  ["shutting down", 0x8b, "closed", /Server shutting down/],
  ["not authorized any more", 0x87, "refused", /Not authorized/],
])("DISCONNECT on MQTT 5, %s: the broker's reason is told, once", async (_, code, cause, words) => {
  const url = await peer((socket) => {
    socket.once("data", () => socket.write(Buffer.from([0x20, 3, 0, 0, 0, 0xe0, 2, code, 0])));
  });
  const { inputs, connect, disconnected } = probeBroker({ protocol: "5" });
  await connect({ url });
  expect(await disconnected()).toMatchObject({ cause, detail: expect.stringMatching(words) });
  await pause(20);
  expect(inputs.map((input) => input.type)).toEqual(["broker.connected", "broker.disconnected"]);
});

describe("a link that fails", () => {
  test("cut: closed, what was in flight posts nothing, and the next connection works once it is whole", async () => {
    const { proxy } = await behindProxy();
    const { broker, connect, of, disconnected } = probeBroker();
    await connect({ url: proxy.url });
    proxy.set({ kind: "black-hole" });
    broker.publish(1, 1, textMessage("t", "in flight"));
    await pause(20);
    proxy.set({ kind: "cut" });
    expect(await disconnected()).toMatchObject({ cause: "closed" });
    expect(await connect({ url: proxy.url, connection: 2 })).toMatchObject({
      cause: "unreachable",
      connection: 2,
    });
    proxy.set({ kind: "pass" });
    expect(await connect({ url: proxy.url, connection: 3 })).toMatchObject({
      type: "broker.connected",
      connection: 3,
    });
    expect(of("broker.acked")).toEqual([]);
    expect(of("broker.publish-failed")).toEqual([]);
    await broker.stop();
  });

  test("a black hole: abandon ends at once, and the will comes when the broker hears of it", async () => {
    const { mosquitto, proxy } = await behindProxy();
    const watcher = await connectAsync(mosquitto.url);
    cleanups.push(() => watcher.endAsync());
    const wills: string[] = [];
    watcher.on("message", (topic) => wills.push(topic));
    await watcher.subscribeAsync("will");
    const { broker, connect, disconnected } = probeBroker();
    await connect({ url: proxy.url });
    proxy.set({ kind: "black-hole" });
    broker.abandon(1);
    expect(await disconnected()).toMatchObject({ detail: "abandoned as asked" });
    await pause(50);
    expect(wills).toEqual([]);
    proxy.set({ kind: "pass" });
    await until(() => wills.length === 1, "the will");
  });

  test("a black hole: disconnect ends too, although nobody acknowledges", async () => {
    const { proxy } = await behindProxy();
    const { broker, connect, disconnected } = probeBroker();
    await connect({ url: proxy.url });
    proxy.set({ kind: "black-hole" });
    broker.publish(1, 1, textMessage("t", "in flight"));
    const began = performance.now();
    broker.disconnect(1);
    expect(await disconnected()).toMatchObject({ detail: "disconnected as asked" });
    expect(performance.now() - began).toBeLessThan(4_000);
  });

  test("half-open: ended by the keep-alive, in words", async () => {
    const { proxy } = await behindProxy();
    const { connect, disconnected } = probeBroker();
    await connect({ url: proxy.url, keepAliveS: 1 });
    proxy.set({ kind: "half-open" });
    expect(await disconnected()).toMatchObject({
      cause: "closed",
      detail: expect.stringMatching(/keepalive/i),
    });
  });

  test("slow: disconnect waits for what was published before it", async () => {
    const { mosquitto, proxy } = await behindProxy();
    const watcher = await connectAsync(mosquitto.url);
    cleanups.push(() => watcher.endAsync());
    const seen: string[] = [];
    watcher.on("message", (_topic, payload) => seen.push(payload.toString()));
    await watcher.subscribeAsync("#");
    const { broker, connect, of, disconnected } = probeBroker();
    await connect({ url: proxy.url });
    proxy.set({ kind: "slow", latencyMs: 100, jitterMs: 50 });
    for (const token of [1, 2, 3]) broker.publish(1, token, textMessage("t", `${token}`));
    broker.disconnect(1);
    await disconnected();
    expect(of("broker.acked").map((ack) => ack.token)).toEqual([1, 2, 3]);
    expect(seen).toEqual(["1", "2", "3"]);
  });
});

describe("the embedded broker", () => {
  test("goes and comes back on its port, without what it retained and without wills", async () => {
    const aedes = new EmbeddedBroker();
    await aedes.start();
    cleanups.push(() => aedes.stop());
    const { url } = aedes;
    const { broker, connect, of, disconnected } = probeBroker({ protocol: "3.1.1" });
    await connect({ url });
    broker.publish(1, 1, textMessage("kept", "x", { retain: true }));
    await until(() => of("broker.acked").length === 1, "the ack");
    await aedes.stop();
    expect(await disconnected()).toMatchObject({ cause: "closed" });
    expect(await connect({ url, connection: 2 })).toMatchObject({ cause: "unreachable" });
    await aedes.start();
    expect(aedes.url).toBe(url);
    expect(await connect({ url, connection: 3, subscriptions: ["#"] })).toMatchObject({
      type: "broker.connected",
    });
    await pause(50);
    expect(of("broker.message")).toEqual([]);
    await broker.stop();
  });

  test("says so when its port is taken, and starts once it is free", async () => {
    const first = new EmbeddedBroker();
    await first.start();
    const second = new EmbeddedBroker({ port: first.port });
    await expect(second.start()).rejects.toThrow("EADDRINUSE");
    await first.stop();
    await second.start();
    expect(second.running).toBe(true);
    await second.stop();
  });
});
