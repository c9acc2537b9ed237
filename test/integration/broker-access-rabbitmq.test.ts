import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  DEVICES,
  type Entrance,
  enter,
  entrance,
  mayRead,
  mayWrite,
  PARTIES,
  tryReading,
  tryTakingOver,
  tryWills,
  tryWriting,
} from "../fixtures/access-matrix.ts";
import { startSecuredRabbitmq } from "../fixtures/secured-rabbitmq.ts";

let folder: string;
let broker: Awaited<ReturnType<typeof startSecuredRabbitmq>>;
let enterAs: Entrance;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "porchlight-access-"));
  broker = await startSecuredRabbitmq(folder, DEVICES);
  enterAs = entrance(broker.authority, broker.nodes[0].port);
}, 90_000);
afterAll(async () => {
  await broker?.stop();
  await rm(folder, { recursive: true, force: true });
});

test("every party writes on every topic: what is not its own never arrives, and is refused", async () => {
  const { arrived, acked } = await tryWriting(enterAs, "rabbitmq");
  for (const party of PARTIES) {
    expect(arrived[party], `${party} writes`).toEqual(mayWrite(party));
    expect(acked[party], `${party} is told that it may`).toEqual(mayWrite(party));
  }
});

test("every party asks for everything: it receives what is for it, live and retained, and nothing else", async () => {
  const { live, retained } = await tryReading(enterAs, "rabbitmq");
  for (const party of PARTIES) {
    expect(live[party], `${party} reads`).toEqual(mayRead(party, "rabbitmq"));
    expect(retained[party], `${party} reads what is retained`).toEqual(mayRead(party, "rabbitmq"));
  }
});

test("a will on another's status never comes, one on its own does", async () => {
  expect(await tryWills(enterAs)).toEqual(["porchlight/v1/front-door/status"]);
});

test("a device that comes with another's client id does not take its connection", async () => {
  expect(await tryTakingOver(enterAs)).toBe(true);
});

test("nobody gets in without a certificate, or with one whose name is no user", async () => {
  const { url, cert: _cert, key: _key, ...none } = await enterAs("front-door");
  await expect(mqtt.connectAsync(url, none, false)).rejects.toThrow();
  await expect(enter(enterAs, "side-door")).rejects.toThrow();
});
