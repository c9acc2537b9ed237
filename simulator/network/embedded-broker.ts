import { once } from "node:events";
import { createServer, type Server, type Socket } from "node:net";
import { Aedes } from "aedes";
import { FileTransferServer } from "./file-transfer-server.ts";

export interface EmbeddedBrokerOptions {
  /** 0, or left out: any free one at the first start, and the same one at every later start. */
  port?: number;
  /** When given, every client must present these. */
  credentials?: { username: string; password: string };
  /** Topic filters that nobody may subscribe to. */
  refusedFilters?: string[];
  /** Takes what is published to `$file…` in the place of every subscriber, as EMQX does. */
  fileTransfer?: FileTransferServer;
}

const CONNACK_BAD_CREDENTIALS = 4; // MQTT 3.1.1 §3.2.2.3

/**
 * A broker for live runs, by aedes, on the loopback interface. It speaks MQTT 3.1.1 only and keeps nothing:
 * retained messages are gone once it has stopped, as with a broker that lost its disk.
 */
export class EmbeddedBroker {
  readonly #options: EmbeddedBrokerOptions;
  readonly #sockets = new Set<Socket>();
  #port: number;
  #running: { aedes: Aedes; server: Server } | null = null;

  constructor(options: EmbeddedBrokerOptions = {}) {
    this.#options = options;
    this.#port = options.port ?? 0;
  }

  /** 0 before the first start. */
  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `mqtt://127.0.0.1:${this.#port}`;
  }

  get running(): boolean {
    return this.#running !== null;
  }

  /**
   * Listens when it resolves. Without effect when it runs already.
   * @throws Error of the socket, such as EADDRINUSE.
   */
  async start(): Promise<void> {
    if (this.#running) return;
    const aedes = await Aedes.createBroker();
    this.#setRules(aedes);
    const server = createServer((socket) => {
      this.#sockets.add(socket);
      socket.once("close", () => this.#sockets.delete(socket));
      aedes.handle(socket);
    });
    this.#running = { aedes, server };
    try {
      server.listen(this.#port, "127.0.0.1");
      await once(server, "listening");
    } catch (error) {
      await this.stop();
      throw error;
    }
    const address = server.address();
    if (address !== null && typeof address === "object") this.#port = address.port;
  }

  /** Goes away as a killed broker does: every connection is cut, and no will is published. */
  async stop(): Promise<void> {
    const running = this.#running;
    if (!running) return;
    this.#running = null;
    for (const socket of this.#sockets) socket.destroy();
    await new Promise<void>((resolve) => running.server.close(() => resolve()));
    await new Promise<void>((resolve) => running.aedes.close(resolve));
  }

  #setRules(aedes: Aedes): void {
    const { credentials, refusedFilters = [], fileTransfer } = this.#options;
    aedes.authorizeSubscribe = (_client, { topic, ...subscription }, done) => {
      const isRefused = refusedFilters.includes(topic) || FileTransferServer.takes(topic);
      done(null, isRefused ? null : { topic, ...subscription });
    };
    if (fileTransfer) handOver(aedes, fileTransfer);
    if (!credentials) return;
    aedes.authenticate = (_client, username, password, done) => {
      if (username === credentials.username && password?.toString() === credentials.password)
        done(null, true);
      else done(Object.assign(new Error("bad credentials"), { returnCode: CONNACK_BAD_CREDENTIALS }), null);
    };
  }
}

/** `$file…` has no subscribers: a command is handed over before it is acknowledged, and its answer is published. */
function handOver(aedes: Aedes, fileTransfer: FileTransferServer): void {
  const usual = aedes.authorizePublish;
  aedes.authorizePublish = (client, packet, done) => {
    // EMQX drops commands of QoS 0.
    if (client && packet.qos === 1 && FileTransferServer.takes(packet.topic)) {
      const packetId = "messageId" in packet ? Number(packet.messageId) : 0;
      const answer = fileTransfer.receive(client.id, packet.topic, Buffer.from(packet.payload), packetId);
      if (answer) {
        const payload = Buffer.from(JSON.stringify(answer.response));
        const common = { cmd: "publish" as const, qos: 1 as const, dup: false, retain: false };
        aedes.publish({ ...common, topic: answer.topic, payload }, (error) => {
          if (error) client.close();
        });
      }
    }
    usual(client, packet, done);
  };
}
