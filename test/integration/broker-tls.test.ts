import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { TimeTrust } from "../../device/ports/clock.ts";
import { freePort } from "../../simulator/network/mosquitto.ts";
import { probeBroker } from "../fixtures/broker-probe.ts";
import { Authority, type Certificate, joined, selfSigned } from "../fixtures/certificates.ts";
import { type MosquittoTls, startMosquitto } from "../fixtures/mosquitto.ts";

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

const mosquitto =
  (pick: (all: Made) => Certificate, more: (all: Made) => Partial<MosquittoTls> = () => ({})) =>
  (): Promise<Peer> =>
    startMosquitto({ tls: { ...pick(made), ...more(made) } });

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
  /** `refused` unless told. */
  cause?: "unreachable";
}

const asking = (version: "1.2" | "1.3") =>
  mosquitto(
    ({ server }) => server,
    ({ ca, crl }) => ({ clientCaFile: ca.caFile, crlFile: crl, version }),
  );
const as = (pick: (all: Made) => Certificate) => (all: Made) => pick(all);

const rows: Record<string, Row> = {
  "the authorities of Node.js do not know it": {
    peer: mosquitto((all) => all.server),
    settings: () => ({ caFile: "" }),
    says: `127.0.0.1:PORT: its certificate is signed by "first authority", which is not in the list that Node.js brings along (broker.caFile is empty): set broker.caFile to a file with that authority's certificate if it is the right one, or let the broker send the certificates in between`,
  },
  "another authority": {
    peer: mosquitto((all) => all.otherServer),
    says: `127.0.0.1:PORT: its certificate is signed by "second authority", which is not in broker.caFile (ca.pem): put that authority's certificate there if it is the right one, or let the broker send the certificates in between`,
  },
  "another authority, sent along": {
    peer: mosquitto((all) => all.otherWithRoot),
    says: `127.0.0.1:PORT: its certificate is signed by "second authority", which is not in broker.caFile (ca.pem): put that authority's certificate there if it is the right one`,
  },
  "another key of the same authority": {
    peer: mosquitto((all) => all.server),
    settings: ({ twin }) => ({ caFile: twin.caFile }),
    says: `127.0.0.1:PORT: its certificate is signed by another key of "first authority" than the one in broker.caFile (ca.pem): put the authority's present certificate there`,
  },
  "signed by itself": {
    peer: mosquitto((all) => all.selfSigned),
    says: '127.0.0.1:PORT: its certificate "alone" is signed by itself alone, and is not in broker.caFile (ca.pem): put this certificate there if it is the right one',
  },
  "a chain with a hole": {
    peer: mosquitto((all) => all.belowServer),
    says: `127.0.0.1:PORT: its certificate is signed by "in between", which is not in broker.caFile (ca.pem): put that authority's certificate there if it is the right one, or let the broker send the certificates in between`,
  },
  expired: {
    peer: mosquitto((all) => all.expired),
    says: `127.0.0.1:PORT: its certificate "expired server" ended at TIME, and this device's clock says TIME: renew it on the broker`,
  },
  "expired, says a clock that is not set": {
    peer: mosquitto((all) => all.expired),
    trust: "estimated",
    says: `127.0.0.1:PORT: its certificate "expired server" ended at TIME, and this device's clock says TIME, which no time server has set yet: renew it on the broker`,
    cause: "unreachable",
  },
  "not valid yet": {
    peer: mosquitto((all) => all.early),
    says: `127.0.0.1:PORT: its certificate "early server" begins at TIME, and this device's clock says TIME: set the clock that is wrong`,
  },
  "not valid yet, says a clock that is not set": {
    peer: mosquitto((all) => all.early),
    trust: "estimated",
    says: `127.0.0.1:PORT: its certificate "early server" begins at TIME, and this device's clock says TIME, which no time server has set yet: set the clock that is wrong`,
    cause: "unreachable",
  },
  "another name": {
    peer: async () => {
      const peer = await mosquitto((all) => all.wrongName)();
      return { ...peer, url: peer.url.replace("127.0.0.1", "localhost") };
    },
    says: "localhost:PORT: its certificate is for broker.example, mqtt.example, not for localhost: use such a name in broker.urls, or give the broker a certificate for localhost",
  },
  "another address": {
    peer: mosquitto((all) => all.wrongName),
    says: "127.0.0.1:PORT: its certificate is for broker.example, mqtt.example, not for 127.0.0.1: use such a name in broker.urls, or give the broker a certificate for 127.0.0.1",
  },
  "not for a server": {
    peer: mosquitto((all) => all.clientAsServer),
    says: '127.0.0.1:PORT: its certificate "a client" is not for a server: give the broker one with the use serverAuth',
  },
  revoked: {
    peer: mosquitto((all) => all.revoked),
    settings: ({ crl }) => ({ crlFile: crl }),
    says: '127.0.0.1:PORT: its certificate "revoked server" or one above it is revoked by broker.crlFile (revoked.crl): do not trust this broker until it has a new one',
  },
  "a list of another authority": {
    peer: mosquitto((all) => all.server),
    settings: ({ otherCrl }) => ({ crlFile: otherCrl }),
    says: '127.0.0.1:PORT: broker.crlFile (revoked.crl) lacks a list of an authority of its certificate, which is signed by "first authority": add the list of every authority up to the root',
  },
  "a list out of date": {
    peer: mosquitto((all) => all.server),
    settings: ({ oldCrl }) => ({ crlFile: oldCrl }),
    says: "127.0.0.1:PORT: a list in broker.crlFile (revoked.crl) is out of date, and this device's clock says TIME: put the authority's newest there",
  },
  "a weak key": {
    peer: nodeTls((all) => all.weak, { ciphers: "DEFAULT@SECLEVEL=0", maxVersion: "TLSv1.2" }),
    says: '127.0.0.1:PORT: its certificate "weak", or one above it, cannot be used: too weak a key or signature is the common reason. Give the broker a new one, such as EC P-256',
  },
  "TLS to a broker's plain port": {
    peer: other("mqtts", () => startMosquitto()),
    says: "127.0.0.1:PORT: the connection was reset before it was ready, in the TLS handshake: if it goes on, that port may be one without TLS",
    cause: "unreachable",
  },
  "TLS to a port that answers something else": {
    peer: odd("mqtts", (socket) => socket.write("HTTP/1.1 400 Bad Request\r\n\r\n")),
    says: "127.0.0.1:PORT: what answers there is not TLS: use the broker's port for TLS (8883 as a rule) in broker.urls, or switch TLS on there",
  },
  "plain to a port of TLS": {
    peer: other(
      "mqtt",
      mosquitto((all) => all.server),
    ),
    says: "127.0.0.1:PORT: the connection was reset before it was ready: if it goes on, that port may be one for TLS",
    cause: "unreachable",
  },
  "plain to a port that answers by an alert": {
    peer: odd("mqtt", (socket) => socket.write(Buffer.from("1503030002020a", "hex"))),
    says: "127.0.0.1:PORT: what answers there is TLS: use mqtts:// in broker.urls",
  },
  "reset in the handshake": {
    peer: odd("mqtts", (socket) => socket.resetAndDestroy()),
    says: "127.0.0.1:PORT: the connection was reset before it was ready, in the TLS handshake: if it goes on, that port may be one without TLS",
    cause: "unreachable",
  },
  "this side too old": {
    peer: mosquitto(
      (all) => all.server,
      () => ({ version: "1.2" }),
    ),
    settings: () => ({ tlsMinVersion: "1.3" }),
    says: "127.0.0.1:PORT: it refuses TLS 1.3 (broker.tlsMinVersion): let the broker offer that, or set broker.tlsMinVersion: 1.2",
  },
  "the broker too old": {
    peer: nodeTls((all) => all.server, {
      minVersion: "TLSv1",
      maxVersion: "TLSv1.1",
      ciphers: "DEFAULT@SECLEVEL=0",
    }),
    says: "127.0.0.1:PORT: it refuses TLS 1.2 and 1.3 (broker.tlsMinVersion): let the broker offer that",
  },
  "no cipher in common": {
    peer: nodeTls((all) => all.server, { maxVersion: "TLSv1.2", ciphers: "ECDHE-RSA-AES128-GCM-SHA256" }),
    says: "127.0.0.1:PORT: it shares no cipher with this device, which offers those of TLS 1.2 and newer that are safe: put the broker's list of ciphers right",
  },
  "no client certificate, TLS 1.2": {
    peer: asking("1.2"),
    says: "127.0.0.1:PORT: it asks for a client certificate: set broker.certFile and broker.keyFile",
  },
  "no client certificate, TLS 1.3": {
    peer: asking("1.3"),
    says: "127.0.0.1:PORT: it asks for a client certificate: set broker.certFile and broker.keyFile",
  },
  "no client certificate, and the broker only closes": {
    peer: async () => {
      const { certFile, keyFile } = made.server;
      const server = createTlsServer(
        {
          cert: await readFile(certFile),
          key: await readFile(keyFile),
          requestCert: true,
          rejectUnauthorized: false,
        },
        (socket) => socket.destroy(),
      );
      return listening(server, "mqtts");
    },
    says: "127.0.0.1:PORT closed the connection before it was ready, after the TLS handshake: if it goes on, it may want a client certificate (broker.certFile)",
    cause: "unreachable",
  },
  "a client certificate of another authority, TLS 1.2": {
    peer: asking("1.2"),
    settings: as((all) => all.otherClient),
    says: `127.0.0.1:PORT: it does not know the authority "second authority" of this device's certificate in broker.certFile (door.pem): get one from an authority that the broker trusts`,
  },
  "a client certificate of another authority, TLS 1.3": {
    peer: asking("1.3"),
    settings: as((all) => all.otherClient),
    says: `127.0.0.1:PORT: it does not know the authority "second authority" of this device's certificate in broker.certFile (door.pem): get one from an authority that the broker trusts`,
  },
  "an expired client certificate, TLS 1.2": {
    peer: asking("1.2"),
    settings: as((all) => all.expiredClient),
    says: "127.0.0.1:PORT: it says that this device's certificate in broker.certFile (door.pem), which ends at TIME, has expired: renew it",
  },
  "an expired client certificate, TLS 1.3": {
    peer: asking("1.3"),
    settings: as((all) => all.expiredClient),
    says: "127.0.0.1:PORT: it says that this device's certificate in broker.certFile (door.pem), which ends at TIME, has expired: renew it",
  },
  "a revoked client certificate, TLS 1.2": {
    peer: asking("1.2"),
    settings: as((all) => all.revokedClient),
    says: "127.0.0.1:PORT: it has revoked this device's certificate in broker.certFile (door.pem), serial number 1003: make a new key and get a new certificate",
  },
  "a revoked client certificate, TLS 1.3": {
    peer: asking("1.3"),
    settings: as((all) => all.revokedClient),
    says: "127.0.0.1:PORT: it has revoked this device's certificate in broker.certFile (door.pem), serial number 1003: make a new key and get a new certificate",
  },
  "a client's key that is weak": {
    peer: asking("1.2"),
    settings: as((all) => all.weakClient),
    says: "broker.certFile: door.pem has a key or a signature that is too weak (ERR_SSL_EE_KEY_TOO_SMALL): make a new one, such as EC P-256",
  },
  "a name that nobody knows": {
    peer: async () => ({ url: "mqtts://broker.invalid:8883" }),
    says: "broker.invalid:8883: its name is not known (ENOTFOUND)",
    cause: "unreachable",
  },
  "nothing listens": {
    peer: async () => ({ url: `mqtts://127.0.0.1:${await freePort()}` }),
    says: "127.0.0.1:PORT: nothing listens there (ECONNREFUSED)",
    cause: "unreachable",
  },
  "a websocket of an unknown authority": {
    peer: other(
      "wss",
      mosquitto((all) => all.otherServer),
    ),
    says: `127.0.0.1:PORT: its certificate is signed by "second authority", which is not in broker.caFile (ca.pem): put that authority's certificate there if it is the right one, or let the broker send the certificates in between`,
  },
  "a websocket to a port of TLS without one": {
    peer: other(
      "wss",
      mosquitto((all) => all.server),
    ),
    says: "127.0.0.1:PORT: the connection was reset before it was ready, after the TLS handshake: if it goes on, that port may be none for websockets, or it may want a client certificate (broker.certFile)",
    cause: "unreachable",
  },
  "a plain websocket to a port of TLS": {
    peer: other(
      "ws",
      mosquitto((all) => all.server),
    ),
    says: "127.0.0.1:PORT: the connection was reset before it was ready: if it goes on, that port may be one for TLS, or none for websockets",
    cause: "unreachable",
  },
};

describe("what the agent says when a handshake fails", () => {
  test.each(Object.entries(rows))(
    "%s",
    async (_, { peer, settings, trust = "synced", says, cause = "refused" }) => {
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
      expect(answer).toMatchObject({ type: "broker.disconnected", cause });
      expect(answer.type === "broker.disconnected" && plain(answer.detail)).toBe(says);
      expect(JSON.stringify(inputs)).not.toMatch(/s3cret|PRIVATE KEY/);
      expect(inputs).toHaveLength(1);
    },
  );
});

/** Without what is another at every run. */
function plain(detail: string): string {
  return detail
    .replaceAll(new RegExp(`${folder}/[^ )]*?([^/ )]+)(?=[ ),:]|$)`, "g"), "$1")
    .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g, "TIME")
    .replace(/(127\.0\.0\.1|localhost):\d+/, "$1:PORT");
}
