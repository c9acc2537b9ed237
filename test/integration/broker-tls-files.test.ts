import { execFile } from "node:child_process";
import { chmod, copyFile, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { connect as connectTcp } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type SecureVersion, type TLSSocket } from "node:tls";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { accepts, freePort } from "../../simulator/network/mosquitto.ts";
import { probeBroker, textMessage } from "../fixtures/broker-probe.ts";
import { Authority, type Certificate, joined } from "../fixtures/certificates.ts";
import { type Mosquitto, startMosquitto } from "../fixtures/mosquitto.ts";
import { until } from "../fixtures/until.ts";

const run = promisify(execFile);

let folder: string;
let made: Awaited<ReturnType<typeof makeAll>>;
const ends: (() => Promise<unknown>)[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "porchlight-tls-files-"));
  made = await makeAll(folder);
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});
afterAll(() => rm(folder, { recursive: true }));

async function makeAll(at: string) {
  const ca = await Authority.create(at, "first authority");
  const between = await ca.createBelow("in between");
  const other = await Authority.create(at, "second authority");
  const server = await ca.issue("server", { names: "DNS:localhost,IP:127.0.0.1" });
  const client = await ca.issue("door");
  const below = await between.issue("door");
  const encrypted = join(at, "encrypted.key");
  const oldEncrypted = join(at, "old-encrypted.key");
  await run("openssl", ["pkey", "-in", client.keyFile, "-aes256", "-passout", "pass:x", "-out", encrypted]);
  await run("openssl", ["ec", "-in", client.keyFile, "-aes256", "-passout", "pass:x", "-out", oldEncrypted]);
  const empty = join(at, "empty.pem");
  const text = join(at, "text.pem");
  const broken = join(at, "broken.pem");
  await writeFile(empty, "");
  await writeFile(text, "not in PEM\n");
  await writeFile(broken, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
  const chain = await joined(join(at, "chain.pem"), below.certFile, between.caFile);
  const upsideDown = await joined(join(at, "upside-down.pem"), between.caFile, below.certFile);
  const crls = await joined(join(at, "crls.pem"), await other.listRevoked(), await ca.listRevoked());
  return {
    ...{ ca, other, between, server, client, below, encrypted, oldEncrypted, empty, text, broken, crls },
    ...{ chain: { certFile: chain, keyFile: below.keyFile }, upsideDown },
    second: await ca.issue("renewed door"),
    expired: await ca.issue("door", { validHours: [-48, -24] }),
  };
}

async function broker(options: Parameters<typeof startMosquitto>[0]): Promise<Mosquitto> {
  const mosquitto = await startMosquitto(options);
  ends.push(() => mosquitto.stop());
  return mosquitto;
}

function probe(settings: Parameters<typeof probeBroker>[0]) {
  const subject = probeBroker({ caFile: made.ca.caFile, ...settings });
  ends.push(() => subject.broker.stop());
  return subject;
}

/** A terminator of TLS before a plain mosquitto: it tells what was negotiated. */
async function terminator(
  port: number,
  maxVersion: SecureVersion,
): Promise<{ port: number; seen: TLSSocket[] }> {
  const seen: TLSSocket[] = [];
  const cert = await readFile(made.server.certFile);
  const key = await readFile(made.server.keyFile);
  const server = createServer({ cert, key, maxVersion }, (socket) => {
    seen.push(socket);
    const inner = connectTcp(port, "127.0.0.1");
    socket.on("error", () => inner.destroy());
    socket.pipe(inner).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  ends.push(() => {
    for (const socket of seen) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return { port: address.port, seen };
}

/** A copy that can be renewed. */
async function installed(from: Certificate): Promise<Certificate> {
  const at = await mkdtemp(join(folder, "installed-"));
  const to = { certFile: join(at, "cert.pem"), keyFile: join(at, "key.pem") };
  await renew(from.certFile, to.certFile);
  await renew(from.keyFile, to.keyFile);
  return to;
}

/** As tools of renewal do: a new file takes the place of the old one. */
async function renew(from: string, to: string): Promise<void> {
  await copyFile(from, `${to}.new`);
  await rename(`${to}.new`, to);
}

describe("a connection", () => {
  test.each(["1.2", "1.3"] as const)("to a broker of TLS %s alone", async (version) => {
    const { url } = await broker({ tls: { ...made.server, version } });
    expect(await probe({ tlsMinVersion: version }).connect({ url })).toMatchObject({
      type: "broker.connected",
    });
  });

  test.each(["TLSv1.2", "TLSv1.3"] as const)(
    "uses the newest version, here %s, and names the broker's host in the handshake (SNI)",
    async (maxVersion) => {
      const plain = await broker({});
      const { port, seen } = await terminator(plain.port, maxVersion);
      const { connect } = probe({});
      expect(await connect({ url: `mqtts://localhost:${port}` })).toMatchObject({ type: "broker.connected" });
      expect(seen.map((socket) => [socket.getProtocol(), socket.servername])).toEqual([
        [maxVersion, "localhost"],
      ]);
    },
  );

  test("by a websocket in TLS, with a client certificate", async () => {
    const { certFile, keyFile } = made.server;
    const port = await freePort();
    // mosquitto 2.0.11 does not start with websockets alone.
    const config = [
      ...[`listener ${port} 127.0.0.1`, "protocol websockets", "require_certificate true"],
      ...[`certfile ${certFile}`, `keyfile ${keyFile}`, `cafile ${made.ca.caFile}`],
    ];
    await broker({ config });
    while (!(await accepts(port))) await new Promise((resolve) => setTimeout(resolve, 10));
    const url = `wss://localhost:${port}`;
    expect(await probe({}).connect({ url })).toMatchObject({ cause: "refused" });
    expect(await probe(made.client).connect({ url })).toMatchObject({ type: "broker.connected" });
  });

  test("whose certificate is its user name, with a chain below the authority", async () => {
    const acl = join(folder, "acl");
    await writeFile(acl, "pattern readwrite %u/#\n");
    await chmod(acl, 0o600);
    const config = ["use_identity_as_username true", `acl_file ${acl}`];
    const { url } = await broker({ tls: { ...made.server, clientCaFile: made.ca.caFile }, config });
    const { broker: door, connect, of } = probe(made.chain);
    expect(await connect({ url })).toMatchObject({ type: "broker.connected" });
    door.publish(1, 1, textMessage("door/press", "its own"));
    door.publish(1, 2, textMessage("window/press", "another's"));
    await until(() => of("broker.acked").length + of("broker.publish-failed").length === 2, "both answers");
    expect(of("broker.acked")).toMatchObject([{ token: 1 }]);
    expect(of("broker.publish-failed")).toMatchObject([{ token: 2, cause: "refused" }]);
  });

  test("with the lists of several authorities in one file", async () => {
    const { url } = await broker({ tls: made.server });
    expect(await probe({ crlFile: made.crls }).connect({ url })).toMatchObject({ type: "broker.connected" });
  });

  test("with a key that its group may read", async () => {
    const { url } = await broker({ tls: { ...made.server, clientCaFile: made.ca.caFile } });
    const own = await installed(made.client);
    await chmod(own.keyFile, 0o640);
    expect(await probe(own).connect({ url })).toMatchObject({ type: "broker.connected" });
  });
});

type Files = { caFile?: string; certFile?: string; keyFile?: string; crlFile?: string };
test.each<[string, () => Files, string]>([
  [
    "certificate and key of two",
    () => ({ ...made.client, keyFile: made.second.keyFile }),
    "broker.certFile: door.pem does not belong to the key in broker.keyFile (renewed-door.key): put both there anew, from one request",
  ],
  [
    "a chain in the wrong order",
    () => ({ ...made.below, certFile: made.upsideDown }),
    "broker.certFile: upside-down.pem holds this device's certificate after others: it must be the first, its chain follows",
  ],
  [
    "no authority",
    () => ({ caFile: made.empty }),
    "broker.caFile: empty.pem holds no certificate in PEM: it is empty",
  ],
  ["no PEM", () => ({ caFile: made.text }), "broker.caFile: text.pem holds no certificate in PEM"],
  [
    "a certificate that is none",
    () => ({ caFile: made.broken }),
    "broker.caFile: broken.pem holds a certificate, number 1, that cannot be read",
  ],
  [
    "a key for a certificate",
    () => ({ ...made.client, certFile: made.client.keyFile }),
    "broker.certFile: door.key holds no certificate in PEM, but PRIVATE KEY",
  ],
  [
    "a certificate for a key",
    () => ({ ...made.client, keyFile: made.client.certFile }),
    "broker.keyFile: door.pem holds no private key in PEM, but CERTIFICATE",
  ],
  [
    "an encrypted key",
    () => ({ ...made.client, keyFile: made.encrypted }),
    "broker.keyFile: encrypted.key is encrypted with a passphrase, which nobody can type here: keep it without one, mode 0600",
  ],
  [
    "an encrypted key of the older kind",
    () => ({ ...made.client, keyFile: made.oldEncrypted }),
    "broker.keyFile: old-encrypted.key is encrypted with a passphrase, which nobody can type here: keep it without one, mode 0600",
  ],
  [
    "a certificate for a list",
    () => ({ crlFile: made.ca.caFile }),
    "broker.crlFile: ca.pem holds no revocation list in PEM, but CERTIFICATE",
  ],
  [
    "a file that is not there",
    () => ({ ...made.client, certFile: join(folder, "none.pem") }),
    "broker.certFile: none.pem cannot be read (ENOENT)",
  ],
])("files that are wrong here: %s", async (_, files, says) => {
  const { connect, inputs } = probe(files());
  expect(await connect({ url: "mqtts://127.0.0.1:1" })).toMatchObject({ cause: "refused" });
  const [input] = inputs;
  expect(input?.type === "broker.disconnected" && input.detail.replace(/\/\S*\/([^/ )]+)/g, "$1")).toBe(says);
});

test.each(["644", "604", "602"])("a key that everybody may open (0%s) is refused", async (mode) => {
  const own = await installed(made.client);
  await chmod(own.keyFile, Number.parseInt(mode, 8));
  const answer = await probe(own).connect({ url: "mqtts://127.0.0.1:1" });
  expect(answer).toMatchObject({
    cause: "refused",
    detail: `broker.keyFile: ${own.keyFile} is open to every user of this device (mode 0${mode}): chmod 0640 or 0600`,
  });
});

/** Each of the two certificates may publish to one topic only. */
async function aclOfSubjects(): Promise<string> {
  const acl = join(folder, "acl-of-subjects");
  await writeFile(acl, "user CN=door\ntopic write first\nuser CN=renewed door\ntopic write second\n");
  await chmod(acl, 0o600);
  return acl;
}

describe("renewal without a restart", () => {
  const asking = () => broker({ tls: { ...made.server, clientCaFile: made.ca.caFile } });

  test("a certificate that had expired: the next attempt has the new one, and not half of it", async () => {
    const { url } = await asking();
    const own = await installed(made.expired);
    const { connect } = probe(own);
    expect(await connect({ url })).toMatchObject({
      cause: "refused",
      detail: expect.stringContaining("has expired"),
    });
    await renew(made.client.certFile, own.certFile);
    expect(await connect({ url, connection: 2 })).toMatchObject({
      cause: "refused",
      detail: expect.stringContaining("does not belong to the key in broker.keyFile"),
    });
    await renew(made.client.keyFile, own.keyFile);
    expect(await connect({ url, connection: 3 })).toMatchObject({ type: "broker.connected" });
  });

  test("an authority that was changed on both sides", async () => {
    const caFile = join(folder, "changing-ca.pem");
    await renew(made.other.caFile, caFile);
    const { url } = await asking();
    const { connect } = probe({ ...made.client, caFile });
    expect(await connect({ url })).toMatchObject({ cause: "refused" });
    await renew(made.ca.caFile, caFile);
    expect(await connect({ url, connection: 2 })).toMatchObject({ type: "broker.connected" });
  });

  test("a connection that is open keeps its certificate, the next one has the new one", async () => {
    const { url } = await broker({
      tls: { ...made.server, clientCaFile: made.ca.caFile },
      config: ["use_subject_as_username true", `acl_file ${await aclOfSubjects()}`],
    });
    const own = await installed(made.client);
    const { broker: door, connect, of, disconnected } = probe(own);
    expect(await connect({ url })).toMatchObject({ type: "broker.connected" });
    await renew(made.second.certFile, own.certFile);
    await renew(made.second.keyFile, own.keyFile);
    door.publish(1, 1, textMessage("first", "by the first certificate"));
    await until(() => of("broker.acked").length === 1, "an acknowledgement");
    door.disconnect(1);
    await disconnected();
    expect(await connect({ url, connection: 2 })).toMatchObject({ type: "broker.connected" });
    door.publish(2, 2, textMessage("second", "by the second"));
    await until(() => of("broker.acked").length === 2, "an acknowledgement");
    expect(of("broker.publish-failed")).toEqual([]);
  });
});
