import { execFile } from "node:child_process";
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TimeTrust } from "../../device/ports/clock.ts";
import { probeBroker } from "../fixtures/broker-probe.ts";
import { Authority, type Certificate, joined, selfSigned } from "../fixtures/certificates.ts";
import { freePort, type MosquittoTls, startMosquitto } from "../fixtures/mosquitto.ts";
import { until } from "../fixtures/until.ts";

const run = promisify(execFile);
const NAMES = "DNS:localhost,IP:127.0.0.1";
const PASSWORD = "s3cret-pass";

let folder: string;
let made: Awaited<ReturnType<typeof makeAll>>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "porchlight-tls-"));
  made = await makeAll(folder);
});
afterAll(() => rm(folder, { recursive: true }));

async function makeAll(at: string) {
  const ca = await Authority.create(at, "first authority");
  const other = await Authority.create(at, "second authority");
  const between = await ca.createBelow("in between");
  const server = await ca.issue("right", { names: NAMES });
  const revoked = await ca.issue("revoked server", { names: NAMES });
  const revokedClient = await ca.issue("door");
  const emptyCrl = await ca.listRevoked();
  await ca.revoke(revoked);
  await ca.revoke(revokedClient);
  await writeFile(join(at, "password"), `${PASSWORD}\n`);
  const otherServer = await other.issue("other", { names: NAMES });
  const withRoot = await joined(join(at, "with-root.pem"), otherServer.certFile, other.caFile);
  const twin = await Authority.create(await mkdtemp(join(at, "twin-")), "first authority");
  return {
    ...{ ca, other, twin, between, server, revoked, revokedClient, emptyCrl, otherServer },
    otherWithRoot: { certFile: withRoot, keyFile: otherServer.keyFile },
    crl: await ca.listRevoked(),
    oldCrl: await ca.listRevoked([-48, -24]),
    otherCrl: await other.listRevoked(),
    expired: await ca.issue("expired server", { names: NAMES, validHours: [-48, -24] }),
    selfSigned: await selfSigned(at, "alone", NAMES),
    early: await ca.issue("early server", { names: NAMES, validHours: [24, 48] }),
    wrongName: await ca.issue("wrong", { names: "DNS:broker.example,DNS:mqtt.example" }),
    belowServer: await between.issue("below", { names: NAMES }),
    clientAsServer: await ca.issue("a client"),
    weak: await ca.issue("weak", { names: NAMES, rsaBits: 512 }),
    client: await ca.issue("door"),
    expiredClient: await ca.issue("door", { validHours: [-48, -24] }),
    otherClient: await other.issue("door"),
    weakClient: await ca.issue("door", { rsaBits: 512 }),
  };
}

type Made = typeof made;
interface Setting {
  caFile?: string;
  certFile?: string;
  keyFile?: string;
  crlFile?: string;
  tlsMinVersion?: "1.2" | "1.3";
}
/** Something that listens, or an address at which nothing does. */
type Peer = { url: string; stop?: () => Promise<unknown> };

const mosquitto = (pick: (all: Made) => Certificate, more: (all: Made) => Partial<MosquittoTls> = () => ({})) =>
  (): Promise<Peer> => startMosquitto({ tls: { ...pick(made), ...more(made) } });

/** A server of Node's TLS, for what mosquitto does not do. */
function nodeTls(pick: (all: Made) => Certificate, more: TlsOptions = {}) {
  return async (): Promise<Peer> => {
    const { certFile, keyFile } = pick(made);
    const options = { cert: await readFile(certFile), key: await readFile(keyFile), ...more };
    return listening(createTlsServer(options), "mqtts");
  };
}

/** A port that is no broker's: what it does with the first bytes. */
function odd(scheme: string, answer: (socket: Socket) => void) {
  return () =>
    listening(
      createServer((socket) => {
        socket.on("error", () => {});
        socket.once("data", () => answer(socket));
      }),
      scheme,
    );
}

async function listening(server: Server, scheme: string): Promise<Peer> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  return {
    url: `${scheme}://127.0.0.1:${address.port}`,
    stop: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

const other = (scheme: string, start: () => Promise<Peer>) => async (): Promise<Peer> => {
  const peer = await start();
  return { ...peer, url: peer.url.replace(/^[a-z]+/, scheme) };
};

interface Row {
  peer: () => Promise<Peer>;
  settings?: (all: Made) => Setting;
  trust?: TimeTrust;
  says: string;
  cause?: "refused" | "unreachable";
}

const asking = (version: "1.2" | "1.3") =>
  mosquitto(
    ({ server }) => server,
    ({ ca, crl }) => ({ clientCaFile: ca.caFile, crlFile: crl, version }),
  );
const as = (pick: (all: Made) => Certificate) => (all: Made) => pick(all);

const rows: Record<string, Row> = {
  "the system's authorities do not know it": {
    peer: mosquitto((all) => all.server),
    settings: () => ({ caFile: "" }),
    says: "",
  },
  "another authority": { peer: mosquitto((all) => all.otherServer), says: "" },
  "another authority, sent along": { peer: mosquitto((all) => all.otherWithRoot), says: "" },
  "another key of the same authority": {
    peer: mosquitto((all) => all.server),
    settings: ({ twin }) => ({ caFile: twin.caFile }),
    says: "",
  },
  "signed by itself": {
    peer: mosquitto((all) => all.selfSigned),
    says: "",
  },
  "a chain with a hole": { peer: mosquitto((all) => all.belowServer), says: "" },
  "expired": { peer: mosquitto((all) => all.expired), says: "" },
  "expired, says a clock that is not set": {
    peer: mosquitto((all) => all.expired),
    trust: "estimated",
    says: "",
  },
  "not valid yet": { peer: mosquitto((all) => all.early), says: "" },
  "not valid yet, says a clock that is not set": {
    peer: mosquitto((all) => all.early),
    trust: "estimated",
    says: "",
  },
  "another name": {
    peer: async () => {
      const peer = await mosquitto((all) => all.wrongName)();
      return { ...peer, url: peer.url.replace("127.0.0.1", "localhost") };
    },
    says: "",
  },
  "another address": { peer: mosquitto((all) => all.wrongName), says: "" },
  "not for a server": { peer: mosquitto((all) => all.clientAsServer), says: "" },
  "revoked": {
    peer: mosquitto((all) => all.revoked),
    settings: ({ crl }) => ({ crlFile: crl }),
    says: "",
  },
  "a list of another authority": {
    peer: mosquitto((all) => all.server),
    settings: ({ otherCrl }) => ({ crlFile: otherCrl }),
    says: "",
  },
  "a list out of date": {
    peer: mosquitto((all) => all.server),
    settings: ({ oldCrl }) => ({ crlFile: oldCrl }),
    says: "",
  },
  "a weak key": {
    peer: nodeTls((all) => all.weak, { ciphers: "DEFAULT@SECLEVEL=0", maxVersion: "TLSv1.2" }),
    says: "",
  },
  "TLS to a broker's plain port": { peer: other("mqtts", () => startMosquitto()), says: "" },
  "TLS to a port that answers something else": {
    peer: odd("mqtts", (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")),
    says: "",
  },
  "plain to a port of TLS": { peer: other("mqtt", mosquitto((all) => all.server)), says: "" },
  "plain to a port that answers by an alert": {
    peer: odd("mqtt", (socket) => socket.write(Buffer.from("1503030002020a", "hex"))),
    says: "",
  },
  "reset in the handshake": { peer: odd("mqtts", (socket) => socket.resetAndDestroy()), says: "" },
  "this side too old": {
    peer: mosquitto((all) => all.server, () => ({ version: "1.2" })),
    settings: () => ({ tlsMinVersion: "1.3" }),
    says: "",
  },
  "the broker too old": {
    peer: nodeTls((all) => all.server, {
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    }),
    says: "",
  },
  "no cipher in common": {
    peer: nodeTls((all) => all.server, { maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-GCM-SHA256" }),
    says: "",
  },
  "no client certificate, TLS 1.2": { peer: asking("1.2"), says: "" },
  "no client certificate, TLS 1.3": { peer: asking("1.3"), says: "" },
  "no client certificate, and the broker only closes": {
    peer: async () => {
      const { certFile, keyFile } = made.server;
      const server = createTlsServer(
        { cert: await readFile(certFile), key: await readFile(keyFile), requestCert: true, rejectUnauthorized: false },
        (socket) => socket.destroy(),
      );
      return listening(server, "mqtts");
    },
    says: "",
  },
  "a client certificate of another authority, TLS 1.2": {
    peer: asking("1.2"),
    settings: as((all) => all.otherClient),
    says: "",
  },
  "a client certificate of another authority, TLS 1.3": {
    peer: asking("1.3"),
    settings: as((all) => all.otherClient),
    says: "",
  },
  "an expired client certificate, TLS 1.2": {
    peer: asking("1.2"),
    settings: as((all) => all.expiredClient),
    says: "",
  },
  "an expired client certificate, TLS 1.3": {
    peer: asking("1.3"),
    settings: as((all) => all.expiredClient),
    says: "",
  },
  "a revoked client certificate, TLS 1.2": {
    peer: asking("1.2"),
    settings: as((all) => all.revokedClient),
    says: "",
  },
  "a revoked client certificate, TLS 1.3": {
    peer: asking("1.3"),
    settings: as((all) => all.revokedClient),
    says: "",
  },
  "a client's key that is weak": {
    peer: asking("1.2"),
    settings: as((all) => all.weakClient),
    says: "",
  },
  "a name that nobody knows": {
    peer: async () => ({ url: "mqtts://broker.invalid:8883" }),
    says: "",
  },
  "nothing listens": { peer: async () => ({ url: `mqtts://127.0.0.1:${await freePort()}` }), says: "" },
  "a websocket of an unknown authority": {
    peer: other("wss", mosquitto((all) => all.otherServer)),
    says: "",
  },
  "a websocket to a port of TLS without one": {
    peer: other("wss", mosquitto((all) => all.server)),
    says: "",
  },
  "a plain websocket to a port of TLS": { peer: other("ws", mosquitto((all) => all.server)), says: "" },
};

describe("what the agent says when a handshake fails", () => {
  test.each(Object.entries(rows))("%s", async (name, { peer, settings, trust = "synced", says, cause }) => {
    const { url, stop } = await peer();
    const clock = { monotonicMs: () => 0, read: () => ({ monotonicMs: 0, utcMs: Date.now(), trust }) };
    const { connect, inputs } = probeBroker({
      clock,
      username: "door",
      passwordFile: join(folder, "password"),
      caFile: made.ca.caFile,
      ...settings?.(made),
    });
    const answer = await connect({ url });
    await stop?.();
    const line = answer.type === "broker.disconnected" ? plain(answer.detail) : answer.type;
    console.log("ROW", name, "|", answer.type === "broker.disconnected" && answer.cause, "|", line);
    expect(JSON.stringify(inputs)).not.toMatch(/s3cret|PRIVATE KEY/);
    expect(inputs).toHaveLength(1);
  });
});

/** Without what is another at every run. */
function plain(detail: string): string {
  return detail
    .replaceAll(new RegExp(`${folder}/[^ )]*?([^/ )]+)(?=[ ),:]|$)`, "g"), "$1")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "TIME")
    .replace(/(127\.0\.0\.1|localhost):\d+/, "$1:PORT");
}
