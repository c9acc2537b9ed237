import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Entrance,
  entrance,
  mayRead,
  mayWrite,
  PARTIES,
  TOPIC_COUNT,
  tryReading,
  tryTakingOver,
  tryWills,
  tryWriting,
} from "../fixtures/access-matrix.ts";
import { Authority } from "../fixtures/certificates.ts";
import { startSecuredMosquitto } from "../fixtures/secured-mosquitto.ts";

let folder: string;
let broker: Awaited<ReturnType<typeof startSecuredMosquitto>>;
let enterAs: Entrance;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "porchlight-access-"));
  broker = await startSecuredMosquitto(folder);
  enterAs = entrance(broker.authority, broker.port);
});
afterAll(async () => {
  await broker.stop();
  await rm(folder, { recursive: true, force: true });
});

test("every party writes on every topic: what is not its own never arrives, and is refused", async () => {
  const { arrived, acked } = await tryWriting(enterAs, "mosquitto");
  for (const party of PARTIES) {
    expect(arrived[party], `${party} writes`).toEqual(mayWrite(party));
    expect(acked[party], `${party} is told that it may`).toEqual(mayWrite(party));
  }
  expect(PARTIES.map((party) => mayWrite(party).length)).toEqual([12, 12, 6, 3]);
  expect(TOPIC_COUNT).toBe(32);
});

test("every party asks for everything: it receives what is for it, live and retained, and nothing else", async () => {
  const { live, retained } = await tryReading(enterAs, "mosquitto");
  for (const party of PARTIES) {
    expect(live[party], `${party} reads`).toEqual(mayRead(party, "mosquitto"));
    expect(retained[party], `${party} reads what is retained`).toEqual(mayRead(party, "mosquitto"));
  }
  expect(PARTIES.map((party) => mayRead(party, "mosquitto").length)).toEqual([5, 5, 23, 25]);
});

test("a will on another's status never comes, one on its own does", async () => {
  expect(await tryWills(enterAs)).toEqual(["porchlight/v1/front-door/status"]);
});

test("a device that comes with another's client id does not take its connection", async () => {
  expect(await tryTakingOver(enterAs)).toBe(true);
});

test("nobody gets in without a certificate, or with one of another authority", async () => {
  const { url, cert: _cert, key: _key, ...none } = await enterAs("front-door");
  await expect(mqtt.connectAsync(url, none, false)).rejects.toThrow();
  const stranger = entrance(await Authority.create(folder, "Somebody else"), broker.port);
  const { cert, key } = await stranger("front-door");
  await expect(
    mqtt.connectAsync(url, { ...none, ...(cert && key && { cert, key }) }, false),
  ).rejects.toThrow();
});
