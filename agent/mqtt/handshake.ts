import { X509Certificate } from "node:crypto";
import { isIP, Socket } from "node:net";
import { type ConnectionOptions, connect, type DetailedPeerCertificate, TLSSocket } from "node:tls";

/** A chain that is longer is not looked at further. */
const CHAIN_MAX = 8;
/** TLS 1.3 §5.1: record type alert, and the version's first byte. */
const ALERT_RECORD = [0x15, 0x03];

/** What the two sides have shown each other on one connection: what errors of TLS do not say by themselves. */
export class Handshake {
  /** The broker's certificate, then those that it sent along; before they are checked. */
  chain: X509Certificate[] = [];
  /** The broker took part as far as the keys: what fails after that is no matter of ciphers. */
  keysAgreed = false;
  /** Done, on this side; in TLS 1.3 the broker may still say no. */
  secured = false;
  /** A port that was spoken to in plain answered in TLS. */
  answersInTls = false;

  watch(stream: unknown): void {
    if (stream instanceof TLSSocket) this.#watchTls(stream);
    // Before MQTT.js, which can make nothing of it.
    else if (stream instanceof Socket)
      stream.prependOnceListener("data", (bytes: Buffer) => this.#look(bytes));
  }

  /** For MQTT.js's websocket, whose socket nobody else gets to see. */
  connect(options: ConnectionOptions): TLSSocket {
    const host = options.host ?? "localhost";
    const { path: _, ...rest } = options;
    const socket = connect({ ...rest, servername: isIP(host) === 0 ? host : "" });
    this.#watchTls(socket);
    return socket;
  }

  #watchTls(socket: TLSSocket): void {
    // The line holds keys and is not even looked at: that there is one is what counts.
    socket.once("keylog", () => {
      this.keysAgreed = true;
    });
    // Before Node's own listener, which forgets the certificates when it does not trust them.
    socket.prependOnceListener("secure", () => {
      this.chain = chainOf(socket.getPeerCertificate(true));
    });
    socket.once("secureConnect", () => {
      this.secured = true;
    });
  }

  #look(bytes: Buffer): void {
    this.answersInTls = ALERT_RECORD.every((byte, index) => bytes[index] === byte);
  }
}

function chainOf(leaf: DetailedPeerCertificate): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next: DetailedPeerCertificate | undefined = leaf;
  while (next?.raw && chain.length < CHAIN_MAX) {
    chain.push(new X509Certificate(next.raw));
    next = next.issuerCertificate === next ? undefined : next.issuerCertificate;
  }
  return chain;
}
