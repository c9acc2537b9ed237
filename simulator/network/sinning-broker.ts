import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { generate, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import { Chance } from "../world/chance.ts";

/** What a broker does that it should not; nothing of it unless switched on. */
export interface BrokerSins {
  /** CONNECT is answered with "not authorized". */
  refusing: boolean;
  /** Of 1,000 messages it acknowledges so many and delivers them to nobody. */
  forgetPermille: number;
  /** So long before each acknowledgement. */
  ackDelayMs: number;
  /** Of 1,000 acknowledgements so many are sent twice. */
  ackTwicePermille: number;
  /** A message that clears a retained one reaches nobody: what it retained is lost without a word. */
  hidesClearing: boolean;
}

const REFUSED = { 4: 5, 5: 0x87 } as const; // Not authorized: MQTT 3.1.1 §3.2.2.3, MQTT 5 §3.2.2.2

/**
 * Stands before any real broker and gives it sins that a tester can switch on. It reads every packet and writes it
 * again as it was; acknowledgements keep the order of what they acknowledge (MQTT 3.1.1 §4.6).
 */
export class SinningBroker {
  readonly sins: BrokerSins = {
    refusing: false,
    forgetPermille: 0,
    ackDelayMs: 0,
    ackTwicePermille: 0,
    hidesClearing: false,
  };
  readonly #target: { host: string; port: number };
  readonly #chance: Chance;
  readonly #server: Server;
  readonly #clients = new Set<Client>();

  /** `seed` draws what is forgotten and what is sent twice. */
  constructor(target: { host: string; port: number }, seed: number | string = 1) {
    this.#target = target;
    this.#chance = new Chance(seed);
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /** Listens on any free port of the loopback interface when it resolves. */
  async start(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("it does not listen");
    return address.port;
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const client of this.#clients) client.end();
    await closed;
  }

  #accept(socket: Socket): void {
    const broker = connect({ ...this.#target, allowHalfOpen: true });
    const client = new Client(socket, broker, this.sins, this.#chance);
    this.#clients.add(client);
    socket.once("close", () => this.#clients.delete(client));
  }
}

/** An acknowledgement that is owed; null until it may go out. */
interface Owed {
  messageId: number;
  packet: Packet | null;
}

/** One client's connection. */
class Client {
  readonly #socket: Socket;
  readonly #broker: Socket;
  readonly #sins: BrokerSins;
  readonly #chance: Chance;
  /** Both parsers read it anew with every packet; CONNECT says what it is. */
  readonly #options: { protocolVersion: 4 | 5 } = { protocolVersion: 4 };
  readonly #owed: Owed[] = [];

  constructor(socket: Socket, broker: Socket, sins: BrokerSins, chance: Chance) {
    this.#socket = socket;
    this.#broker = broker;
    this.#sins = sins;
    this.#chance = chance;
    this.#read(socket, broker, (packet) => this.#fromClient(packet));
    this.#read(broker, socket, (packet) => this.#fromBroker(packet));
  }

  end(): void {
    this.#socket.destroy();
    this.#broker.destroy();
  }

  #read(from: Socket, to: Socket, take: (packet: Packet) => void): void {
    const packets = parser(this.#options);
    packets.on("packet", take);
    // What is no MQTT has nothing to lose here.
    packets.on("error", () => this.end());
    from.on("data", (bytes) => {
      packets.parse(bytes);
      if (to.writableNeedDrain) from.pause();
    });
    to.on("drain", () => from.resume());
    from.once("end", () => to.end());
    // "close" follows, which ends the other side.
    from.on("error", () => undefined);
    from.once("close", () => (from.readableEnded ? to.destroySoon() : to.destroy()));
  }

  #fromClient(packet: Packet): void {
    if (packet.cmd === "connect") {
      this.#options.protocolVersion = packet.protocolVersion === 5 ? 5 : 4;
      if (this.#sins.refusing) return this.#refuse();
    }
    if (packet.cmd === "publish" && packet.qos === 1) return this.#publish(packet);
    this.#send(this.#broker, packet);
  }

  #fromBroker(packet: Packet): void {
    if (packet.cmd === "puback") this.#acknowledge(packet.messageId ?? 0, packet);
    else if (packet.cmd === "publish" && packet.payload.length === 0 && this.#sins.hidesClearing) {
      if (packet.qos === 1) this.#send(this.#broker, { cmd: "puback", messageId: packet.messageId ?? 0 });
    } else this.#send(this.#socket, packet);
  }

  #refuse(): void {
    const code = REFUSED[this.#options.protocolVersion];
    this.#socket.end(
      generate({ cmd: "connack", sessionPresent: false, returnCode: code, reasonCode: code }, this.#options),
    );
    this.#broker.destroy();
  }

  #publish(packet: IPublishPacket): void {
    const messageId = packet.messageId ?? 0;
    this.#owed.push({ messageId, packet: null });
    if (this.#chance.happens(this.#sins.forgetPermille))
      this.#acknowledge(messageId, { cmd: "puback", messageId });
    else this.#send(this.#broker, packet);
  }

  #acknowledge(messageId: number, packet: Packet): void {
    const { ackDelayMs } = this.#sins;
    const owed = this.#owed.find((one) => one.messageId === messageId && one.packet === null);
    const now = () => {
      if (owed) owed.packet = packet;
      this.#sendOwed();
    };
    if (ackDelayMs === 0) now();
    else setTimeout(now, ackDelayMs);
  }

  #sendOwed(): void {
    for (let first = this.#owed[0]; first?.packet; first = this.#owed[0]) {
      this.#owed.shift();
      this.#send(this.#socket, first.packet);
      if (this.#chance.happens(this.#sins.ackTwicePermille)) this.#send(this.#socket, first.packet);
    }
  }

  #send(to: Socket, packet: Packet): void {
    if (to.writable) to.write(generate(packet, this.#options));
  }
}
