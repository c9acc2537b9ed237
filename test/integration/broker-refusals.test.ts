import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EmbeddedBroker } from "../../simulator/network/embedded-broker.ts";
import { probeBroker } from "../fixtures/broker-probe.ts";
import { type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";

const refused = (detail: RegExp) => ({
  type: "broker.disconnected",
  cause: "refused",
  detail: expect.stringMatching(detail),
});

describe("credentials", () => {
  const credentials = { username: "door", password: "s3cret-pass" };
  let mosquitto: Mosquitto;
  let folder: string;
  const passwordFile = () => join(folder, "password");
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "porchlight-password-"));
    mosquitto = await startMosquitto({ credentials });
  });
  afterAll(async () => {
    await mosquitto.stop();
    await rm(folder, { recursive: true });
  });

  test.each<["5" | "3.1.1", RegExp]>([
    ["5", /^127\.0\.0\.1:\d+ refused the connection: Not authorized \(0x87\)$/],
    ["3.1.1", /^127\.0\.0\.1:\d+ refused the connection: Not authorized \(0x05\)$/],
  ])("wrong ones on %s: said in words, never repeated", async (protocol, words) => {
    await writeFile(passwordFile(), "wr0ng-pass\n");
    const { broker, inputs, connect } = probeBroker({
      protocol,
      username: "door",
      passwordFile: passwordFile(),
    });
    expect(await connect({ url: mosquitto.url })).toMatchObject(refused(words));
    await broker.stop();
    expect(JSON.stringify(inputs)).not.toContain("wr0ng-pass");
    expect(inputs).toHaveLength(1);
  });

  test("a password in the address, against advice, is not repeated either", async () => {
    const { inputs, connect } = probeBroker();
    await connect({ url: mosquitto.url.replace("//", "//door:wr0ng-pass@") });
    expect(inputs).toMatchObject([refused(/^127/)]);
    expect(JSON.stringify(inputs)).not.toContain("wr0ng-pass");
  });

  test("the password is the file's first line, read anew at every connection", async () => {
    await writeFile(passwordFile(), "wr0ng-pass\n");
    const { broker, connect } = probeBroker({ username: "door", passwordFile: passwordFile() });
    expect(await connect({ url: mosquitto.url })).toMatchObject({ cause: "refused" });
    await writeFile(passwordFile(), `${credentials.password}\r\nnot this\n`);
    expect(await connect({ url: mosquitto.url, connection: 2 })).toMatchObject({ type: "broker.connected" });
    await broker.stop();
  });

  test("a password file that cannot be read: which setting and which file", async () => {
    const { connect } = probeBroker({ username: "door", passwordFile: join(folder, "none") });
    expect(await connect({ url: mosquitto.url })).toMatchObject(
      refused(/^broker\.passwordFile: .*none.*ENOENT/),
    );
  });
});

describe("TLS", () => {
  let mosquitto: Mosquitto;
  beforeAll(async () => {
    mosquitto = await startMosquitto({ tls: true });
  });
  afterAll(() => mosquitto.stop());

  test("works with the authority's file", async () => {
    const { broker, connect } = probeBroker({ caFile: mosquitto.caFile });
    expect(await connect({ url: mosquitto.url })).toMatchObject({ type: "broker.connected" });
    await broker.stop();
  });

  test("a certificate that is not trusted: the operator must act", async () => {
    const { connect, inputs } = probeBroker();
    expect(await connect({ url: mosquitto.url })).toMatchObject(refused(/certificate/));
    expect(inputs).toHaveLength(1);
  });

  test("an authority's file that cannot be read", async () => {
    const { connect } = probeBroker({ caFile: "/nowhere/ca.pem" });
    expect(await connect({ url: mosquitto.url })).toMatchObject(refused(/^broker\.caFile: .*ENOENT/));
  });

  test("TLS to a port that does not speak it ends, once", async () => {
    const plain = await startMosquitto();
    const { connect, inputs } = probeBroker();
    await connect({ url: plain.url.replace("mqtt:", "mqtts:") });
    expect(inputs).toMatchObject([{ type: "broker.disconnected" }]);
    await plain.stop();
  });
});

describe("what a broker does not do", () => {
  const aedes = new EmbeddedBroker({ refusedFilters: ["secret/#"] });
  beforeAll(() => aedes.start());
  afterAll(() => aedes.stop());

  test("version 5, on one that speaks 3.1.1 only", async () => {
    const { connect, inputs } = probeBroker({ protocol: "5" });
    expect(await connect({ url: aedes.url })).toMatchObject(refused(/protocol version/i));
    expect(inputs).toHaveLength(1);
  });

  test("a subscription: it is never connected without it", async () => {
    const { connect, inputs } = probeBroker({ protocol: "3.1.1" });
    const answer = await connect({ url: aedes.url, subscriptions: ["open", "secret/#"] });
    expect(answer).toMatchObject(refused(/refused the subscription to .*secret\/#/));
    expect(inputs).toHaveLength(1);
  });

  test("an address that is none", async () => {
    const { connect } = probeBroker();
    expect(await connect({ url: "mqtt://127.0.0.1:99999" })).toMatchObject(refused(/the broker/));
  });
});
