import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import fc from "fast-check";
import { afterEach, beforeEach, expect, test } from "vitest";
import { FaultProxy, type LinkFault } from "../../simulator/network/fault-proxy.ts";
import { until } from "../fixtures/until.ts";

let server: Server;
let proxy: FaultProxy;
let served: Socket[];
beforeEach(async () => {
  served = [];
  server = createServer((socket) => {
    served.push(socket);
    socket.on("error", () => socket.destroy());
    socket.pipe(socket);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  proxy = new FaultProxy({ host: "127.0.0.1", port: address.port }, 7);
  await proxy.start();
});
afterEach(async () => {
  await proxy.stop();
  for (const socket of served) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

/** A client of the echo server behind the proxy. */
function dial() {
  const socket = connect(proxy.port, "127.0.0.1");
  const got: Buffer[] = [];
  let failed = false;
  socket.on("data", (bytes) => got.push(bytes));
  socket.on("error", () => {
    failed = true;
  });
  return { socket, got: () => Buffer.concat(got), failed: () => failed };
}
const pattern = (bytes: number, seed = 0) =>
  Buffer.from(Array.from({ length: bytes }, (_, i) => (i * 7 + seed) % 251));

test("whatever the faults on the way, what arrives is what was sent, in order", async () => {
  const fault: fc.Arbitrary<LinkFault> = fc.oneof(
    fc.constant<LinkFault>({ kind: "pass" }),
    fc.record({ kind: fc.constant("slow" as const), latencyMs: fc.nat(10), jitterMs: fc.nat(10) }),
    fc.record({
      kind: fc.constant("slow" as const),
      latencyMs: fc.nat(5),
      bytesPerSecond: fc.integer({ min: 200_000, max: 2_000_000 }),
    }),
    fc.constantFrom<LinkFault>(
      { kind: "black-hole" },
      { kind: "black-hole", way: "up" },
      { kind: "black-hole", way: "down" },
    ),
  );
  const steps = fc.array(fc.tuple(fault, fc.integer({ min: 1, max: 40_000 })), {
    minLength: 1,
    maxLength: 6,
  });
  await fc.assert(
    fc.asyncProperty(steps, async (list) => {
      const { socket, got } = dial();
      const sent: Buffer[] = [];
      for (const [index, [change, bytes]] of list.entries()) {
        proxy.set(change);
        sent.push(pattern(bytes, index));
        socket.write(pattern(bytes, index));
        await pause(2);
      }
      proxy.set({ kind: "pass" });
      const whole = Buffer.concat(sent);
      await until(() => got().length >= whole.length, "the echo");
      expect(got().equals(whole)).toBe(true);
      socket.end();
      await once(socket, "close");
    }),
    { numRuns: 15 },
  );
});

test("slow: not before the latency, both ways", async () => {
  const { socket, got } = dial();
  await once(socket, "connect");
  proxy.set({ kind: "slow", latencyMs: 60, jitterMs: 20 });
  const began = performance.now();
  socket.write("ping");
  await until(() => got().length === 4, "the echo");
  expect(performance.now() - began).toBeGreaterThanOrEqual(119);
  socket.destroy();
});

test("slow: so many bytes a second, after the latency", async () => {
  const { socket, got } = dial();
  await once(socket, "connect");
  proxy.set({ kind: "slow", latencyMs: 50, bytesPerSecond: 100_000 });
  const began = performance.now();
  socket.write(pattern(30_000));
  await until(() => got().length === 30_000, "the echo");
  const tookMs = performance.now() - began;
  expect(tookMs).toBeGreaterThanOrEqual(390);
  expect(tookMs).toBeLessThan(3_000);
  socket.destroy();
});

test("cut: both ends lose the connection, new ones are not served", async () => {
  const { socket, failed } = dial();
  socket.write("x");
  await until(() => served.length === 1, "the connection");
  proxy.set({ kind: "cut" });
  await until(() => failed() && served[0]?.destroyed === true, "both ends closed");
  const next = dial();
  await until(() => next.socket.destroyed, "the end of the new one");
  expect(served).toHaveLength(1);
  expect(proxy.connections).toBe(0);
});

test("half-open: the server loses the connection, the client does not know; new ones pass", async () => {
  const { socket, got } = dial();
  socket.write("x");
  await until(() => got().length === 1, "the echo");
  proxy.set({ kind: "half-open" });
  await until(() => served[0]?.destroyed === true, "the server's end closed");
  socket.write("into the void");
  await pause(30);
  expect(socket.destroyed).toBe(false);
  expect(got().length).toBe(1);
  const next = dial();
  next.socket.write("fresh");
  await until(() => next.got().toString() === "fresh", "the new connection's echo");
  socket.destroy();
  next.socket.destroy();
});

test("abandoned: the client loses the connection, the server does not know, not even when the link is cut", async () => {
  const { socket, got, failed } = dial();
  socket.write("x");
  await until(() => got().length === 1, "the echo");
  proxy.set({ kind: "abandoned" });
  await until(() => failed() && socket.destroyed, "the client's end closed");
  proxy.set({ kind: "cut" });
  await pause(30);
  expect(served[0]?.destroyed).toBe(false);
  expect(proxy.connections).toBe(0);
  proxy.set({ kind: "pass" });
  const next = dial();
  next.socket.write("fresh");
  await until(() => next.got().toString() === "fresh", "the new connection's echo");
  next.socket.destroy();
});

test("black hole: connections are accepted and kept, nothing passes, not even an end, until it is over", async () => {
  const before = dial();
  before.socket.write("a");
  await until(() => before.got().length === 1, "the echo");
  proxy.set({ kind: "black-hole" });
  before.socket.write("b");
  const during = dial();
  await once(during.socket, "connect");
  during.socket.write("c");
  const gone = dial();
  await once(gone.socket, "connect");
  gone.socket.destroy();
  await pause(40);
  expect([before.got().length, during.got().length]).toEqual([1, 0]);
  expect(served.every((socket) => !socket.destroyed)).toBe(true);
  proxy.set({ kind: "pass" });
  await until(() => before.got().toString() === "ab" && during.got().toString() === "c", "what was held");
  await until(() => served.filter((socket) => socket.destroyed).length === 1, "the end of the one that left");
  before.socket.destroy();
  during.socket.destroy();
  await until(() => proxy.connections === 0, "no connections");
});

test.each(["up", "down"] as const)("a black hole that way: %s alone waits until it is over", async (way) => {
  const { socket, got } = dial();
  socket.write("a");
  await until(() => got().length === 1, "the echo");
  proxy.set({ kind: "black-hole", way });
  const heard: string[] = [];
  served[0]?.on("data", (bytes) => heard.push(bytes.toString()));
  socket.write("b");
  served[0]?.write("c");
  await until(() => (way === "up" ? got().toString() === "ac" : heard.join("") === "b"), "the other way");
  await pause(30);
  expect([heard.join(""), got().toString()]).toEqual(way === "up" ? ["", "ac"] : ["b", "a"]);
  proxy.set({ kind: "pass" });
  await until(() => heard.join("") === "b" && got().length === 3, "what was held");
  socket.destroy();
});

test("flapping: connections are lost again and again, and made in between, until it is over", async () => {
  const end = proxy.begin({ kind: "flapping", downMs: 30, upMs: 60 });
  let [made, lost] = [0, 0];
  const again = () => {
    const { socket, got } = dial();
    socket.write("x");
    socket.once("data", () => (made += 1));
    socket.once("close", () => {
      if (got().length > 0) lost += 1;
      if (lost < 3) setTimeout(again, 5);
    });
  };
  again();
  await until(() => lost >= 3, "three losses");
  expect(made).toBe(3);
  end();
  const last = dial();
  last.socket.write("x");
  await until(() => last.got().length === 1, "the echo");
  await pause(120);
  expect(last.socket.destroyed).toBe(false);
  last.socket.destroy();
});

test("several faults at a time: each lasts until its own end", async () => {
  const { socket, got } = dial();
  socket.write("a");
  await until(() => got().length === 1, "the echo");
  const [one, other] = [proxy.begin({ kind: "black-hole" }), proxy.begin({ kind: "black-hole", way: "up" })];
  const slow = proxy.begin({ kind: "slow", latencyMs: 40 });
  socket.write("b");
  one();
  await pause(60);
  expect(got().length).toBe(1);
  other();
  await until(() => got().length === 2, "what was held");
  const began = performance.now();
  socket.write("c");
  await until(() => got().length === 3, "the slow echo");
  expect(performance.now() - began).toBeGreaterThanOrEqual(79);
  slow();
  socket.destroy();
});

test("a cut after a black hole lets nothing out of it", async () => {
  const { socket, got, failed } = dial();
  socket.write("x");
  await until(() => got().length === 1, "the echo");
  const server = served[0];
  let heard = "";
  server?.on("data", (bytes) => {
    heard += bytes;
  });
  proxy.set({ kind: "black-hole" });
  socket.write("into the hole");
  await pause(30);
  proxy.set({ kind: "cut" });
  await until(() => failed() && server?.destroyed === true, "both ends lost");
  expect(heard).toBe("");
});
