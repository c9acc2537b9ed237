import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectAsync, type IPublishPacket } from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ReplyMessage } from "../../agent/contract/command-messages.ts";
import { FaultProxy } from "../../simulator/network/fault-proxy.ts";
import { type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { type Program, startProgram } from "../fixtures/programs.ts";
import { until } from "../fixtures/until.ts";

const folder = mkdtempSync(join(tmpdir(), "porchlight-commands-"));
let mosquitto: Mosquitto;
beforeAll(async () => {
  mosquitto = await startMosquitto();
});
afterAll(async () => {
  await mosquitto.stop();
  rmSync(folder, { recursive: true });
});

/** A doorbell behind a link that can be broken, and somebody who asks it at the broker itself. */
async function begin(protocol: "5" | "3.1.1", place: string) {
  const device = `${place}-${protocol.replaceAll(".", "-")}`;
  const proxy = new FaultProxy({ host: "127.0.0.1", port: mosquitto.port });
  await proxy.start();
  const config = join(folder, `${device}.yaml`);
  writeFileSync(
    config,
    `device: { id: ${device}, dataFolder: ${device}-data, clock: system }\n` +
      `broker: { urls: ["${proxy.url}"], protocol: "${protocol}" }\n` +
      "uplink: { reconnectMinMs: 50, reconnectMaxMs: 1000, ackTimeoutMs: 1000 }\n",
  );
  const client = await connectAsync(mosquitto.url, { protocolVersion: protocol === "5" ? 5 : 4 });
  const seen: { topic: string; text: string; packet: IPublishPacket }[] = [];
  client.on("message", (topic, payload, packet) => seen.push({ topic, text: payload.toString(), packet }));
  await client.subscribeAsync([`porchlight/v1/${device}/#`, `answers/${device}`], { qos: 1 });
  const root = `porchlight/v1/${device}`;
  const isOnline = () => seen.filter(({ text }) => text.includes('"state":"online"')).length;
  const start = async (): Promise<Program> => {
    const before = isOnline();
    const agent = startProgram("agent", ["agent", "--config", config]);
    await until(() => isOnline() > before, "the doorbell", 20_000);
    return agent;
  };
  const answersTo = (requestId: string) =>
    seen
      .filter(({ topic, text }) => /\/reply\/|^answers\//.test(topic) && text.includes(`"${requestId}"`))
      .map(({ text }) => JSON.parse(text) as ReplyMessage);
  return {
    ...{ device, proxy, client, seen, root, start },
    ask: (name: string, requestId: string, params = {}, options = {}) =>
      client.publishAsync(`${root}/command/${name}`, JSON.stringify({ requestId, params }), {
        qos: 1,
        ...options,
      }),
    answer: async (requestId: string, nth = 1): Promise<ReplyMessage> => {
      await until(() => answersTo(requestId).length >= nth, `answer ${nth} to ${requestId}`, 20_000);
      return answersTo(requestId)[nth - 1] as ReplyMessage;
    },
    end: async (agent: Program) => {
      await agent.end("SIGTERM");
      await client.endAsync();
      await proxy.stop();
    },
  };
}

describe.concurrent("commands through mosquitto", () => {
  test.each(["5", "3.1.1"] as const)(
    "are answered once, over a broken link too, on %s",
    async (protocol) => {
      const { ask, answer, seen, root, proxy, start, end, device } = await begin(protocol, "front");
      const agent = await start();
      const isFive = protocol === "5";
      const properties = { responseTopic: `answers/${device}`, correlationData: Buffer.from([0, 255, 7]) };
      await ask("chime", "r1", {}, isFive ? { properties } : {});
      expect(await answer("r1")).toEqual({ requestId: "r1", command: "chime", outcome: "done", result: {} });
      const [reply] = seen.filter(({ text }) => text.includes('"outcome"'));
      expect(reply?.topic).toBe(isFive ? `answers/${device}` : `${root}/reply/r1`);
      expect(reply?.packet.properties?.correlationData).toEqual(
        isFive ? Buffer.from([0, 255, 7]) : undefined,
      );

      await ask("list-clips", "r2");
      expect((await answer("r2")).result).toEqual({ clips: [], more: false });
      await ask("fetch-clip", "r3", { clipId: "never" });
      expect(await answer("r3")).toMatchObject({ outcome: "refused", refusal: { code: "not-found" } });
      await ask("diagnostics", "r4");
      expect((await answer("r4")).result).toMatchObject({ store: "durable", camera: { source: "none" } });

      // It hears the request, and neither its event nor its answer gets out before the link is made anew.
      proxy.set({ kind: "black-hole", way: "up" });
      await ask("self-test", "r5");
      await until(() => agent.stdout().includes("asked to self-test"), "the request to be heard");
      proxy.set({ kind: "cut" });
      proxy.set({ kind: "pass" });
      const tested = await answer("r5");
      expect(tested).toMatchObject({ outcome: "done", result: { settledBy: "puback" } });
      await ask("self-test", "r5");
      expect(await answer("r5", 2)).toEqual(tested);
      const ids = seen
        .filter(({ topic }) => /(event|late)\/self-test$/.test(topic))
        .map(({ text }) => JSON.parse(text).id);
      // The broker may have taken a first copy in; it is one event.
      expect(new Set(ids).size).toBe(1);
      expect(seen.filter(({ topic }) => /(event|late)\/press$/.test(topic))).toEqual([]);

      await ask("chime", "r6", {}, { retain: true });
      const kept = await answer("r6");
      proxy.set({ kind: "cut" });
      proxy.set({ kind: "pass" });
      // The broker repeats it with the new connection, and that rings nothing.
      expect(await answer("r6", 2)).toEqual(kept);
      await ask("chime", "r7");
      expect(await answer("r7")).toMatchObject({ outcome: "done" });
      expect(agent.stdout().split("asked to chime")).toHaveLength(1 + 3);
      await end(agent);
    },
    60_000,
  );

  test("restart: once for each request, however often it comes", async () => {
    const { ask, answer, start, end, device } = await begin("5", "back");
    const first = await start();
    await ask("restart", "r0");
    expect(await answer("r0")).toMatchObject({ refusal: { code: "busy" } });
    await new Promise((resolve) => setTimeout(resolve, 10_000));
    await ask("restart", "r1");
    const done = await answer("r1");
    expect(done).toMatchObject({ outcome: "done" });
    expect(await first.ended).toEqual({ code: 75, signal: null });
    expect(JSON.parse(readFileSync(join(folder, `${device}-data`, "restarts.json"), "utf8"))).toEqual(["r1"]);
    const second = await start();
    await ask("restart", "r1");
    expect(await answer("r1", 2)).toEqual(done);
    await ask("diagnostics", "r2");
    expect(await answer("r2")).toMatchObject({ outcome: "done" });
    expect(second.child.exitCode).toBeNull();
    await end(second);
  }, 60_000);

  test("porchlight-sim command asks, prints the reply, and says by its exit code what came of it", async () => {
    const { start, end, client, device } = await begin("3.1.1", "side");
    const agent = await start();
    const run = async (...args: string[]) => {
      const asked = startProgram("simulator", ["command", ...args, "--broker", mosquitto.url]);
      const { code } = await asked.ended;
      return { code, reply: asked.stdout(), said: asked.stderr() };
    };
    const [ok, refused, unknown, wrong] = await Promise.all([
      run("self-test", "--device", device),
      run("fetch-clip", "--device", device, "--params", '{"clipId":"never"}', "--request-id", "mine"),
      run("fly", "--device", device),
      run("record", "--device", device, "--params", '{"durationMs":1}'),
    ]);
    expect([ok.code, JSON.parse(ok.reply)]).toMatchObject([0, { command: "self-test", outcome: "done" }]);
    expect([refused.code, JSON.parse(refused.reply)]).toMatchObject([
      1,
      { requestId: "mine", refusal: { code: "not-found", field: "/params/clipId" } },
    ]);
    expect([unknown.code, unknown.said]).toEqual([2, expect.stringContaining("found fly, allowed: chime,")]);
    expect([wrong.code, wrong.said]).toEqual([2, expect.stringContaining("/durationMs")]);
    expect(client.connected).toBe(true);
    await end(agent);
  }, 60_000);
});
