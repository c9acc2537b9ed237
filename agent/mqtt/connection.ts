import { Socket } from "node:net";
import {
  connect,
  type IConnackPacket,
  type IPublishPacket,
  type ISubscriptionGrant,
  type MqttClient,
} from "mqtt";
import type { BrokerInput, BrokerMessageIn, BrokerMessageOut } from "../../device/ports/broker.ts";
import { QOS } from "../contract/channels.ts";
import {
  type ConnectionRequest,
  clientOptions,
  connectTimeoutMs,
  forgoAliases,
  type MqttOptions,
  placeOf,
} from "./client-options.ts";
import { Handshake } from "./handshake.ts";
import { requestOf, textOf } from "./inbound.ts";
import { endingOfOpening, type Opening } from "./opening.ts";
import { packetBytesOf, propertiesOf } from "./publish-packet.ts";
import { answerOf, describeError, type Ending, endingOfDisconnect, endingOfError } from "./reasons.ts";
import { loadSecrets, type Secrets } from "./secrets.ts";
import { type SendAnswer, SendQueue } from "./send-queue.ts";

/** Messages that may arrive between the subscription and its acknowledgement. */
const EARLY_MESSAGES_MAX = 256;
/** How long `disconnect` waits for acknowledgements, and then for the broker to close. */
const DRAIN_MS = 2_000;
const CLOSE_MS = 1_000;
/** MQTT 5 §3.2.2.3.3: without the property. */
const RECEIVE_MAXIMUM = 65_535;

/** Whom a connection tells what comes of it. */
export interface ConnectionOwner {
  post(input: BrokerInput): void;
  /** `broker.disconnected` has been posted. */
  closed(connection: Connection): void;
}

/**
 * One attempt to connect and what comes of it. It posts `broker.connected` at most once, and `broker.disconnected`
 * exactly once, as the last of all.
 *
 * What was needed to open it is let go once it stands: a process may hold thousands.
 */
export class Connection {
  readonly number: number;
  readonly #options: MqttOptions;
  readonly #owner: ConnectionOwner;
  readonly #url: string;
  readonly #queue: SendQueue;
  /** Null from the CONNACK on: what fails then is no matter of ports and certificates. */
  #handshake: Handshake | null = new Handshake();
  #phase: "opening" | "open" | "closed" = "opening";
  #ending: Ending | null = null;
  #client: MqttClient | null = null;
  #secrets: Secrets | null = null;
  #early: BrokerMessageIn[] | null = null;
  #deadline: NodeJS.Timeout | null = null;

  constructor(options: MqttOptions, request: ConnectionRequest, owner: ConnectionOwner) {
    this.number = request.connection;
    this.#options = options;
    this.#owner = owner;
    this.#url = request.url;
    this.#queue = new SendQueue({
      payloads: options.payloads,
      packetBytes: packetBytesOf(options.protocol),
      send: (message, payload, done) => this.#send(message, payload, done),
      answer: (token, answer) => this.#answer(token, answer),
    });
    this.#open(request);
  }

  /** It has ended or has been told to. */
  get ending(): boolean {
    return this.#ending !== null || this.#phase === "closed";
  }

  publish(token: number, message: BrokerMessageOut): void {
    if (this.#phase === "open" && !this.#ending) this.#queue.push(token, message);
  }

  disconnect(): void {
    if (this.ending) return;
    this.#ending = { cause: "closed", detail: "disconnected as asked" };
    if (!this.#client) {
      this.#closeSoon();
      return;
    }
    this.#limit(DRAIN_MS, () => this.#sayGoodbye());
    if (this.#client.connected) this.#queue.drain(() => this.#sayGoodbye());
  }

  abandon(): void {
    this.#hangUp({ cause: "closed", detail: "abandoned as asked" });
  }

  get #where(): string {
    return placeOf(this.#url);
  }

  #open(request: ConnectionRequest): void {
    const timeoutMs = connectTimeoutMs(this.#options);
    this.#limit(timeoutMs, () => {
      this.#hangUp({ cause: "unreachable", detail: `${this.#where} did not answer within ${timeoutMs} ms` });
    });
    loadSecrets(this.#options, this.#url).then(
      (secrets) => this.#dial(request, secrets),
      (error: Error) => this.#hangUp({ cause: "refused", detail: error.message }),
    );
  }

  #dial(request: ConnectionRequest, secrets: Secrets): void {
    const handshake = this.#handshake;
    if (this.ending || !handshake) return;
    this.#secrets = secrets;
    let client: MqttClient;
    try {
      client = connect(this.#url, clientOptions(this.#options, request, secrets, handshake));
    } catch (error) {
      this.#hangUp({ cause: "refused", detail: `${this.#where}: ${this.#describe(error)}` });
      return;
    }
    this.#client = client;
    handshake.watch(client.stream);
    // Nagle's algorithm (RFC 896) would hold a press back until what a clip has on its way is acknowledged.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    client.once("connect", (connack) => this.#accepted(client, connack, request.subscriptions));
    this.#listen(client);
  }

  #listen(client: MqttClient): void {
    client.on("message", (topic, payload, packet) => this.#receive(topic, payload, packet));
    client.on("packetreceive", (packet) => {
      forgoAliases(packet);
      if (packet.cmd === "disconnect") this.#hangUp(endingOfDisconnect(this.#where, packet.reasonCode ?? 0));
    });
    const fail = (error: Error) => this.#fail(error);
    client.on("error", fail);
    // MQTT.js passes on only some of them.
    client.stream.on("error", fail);
    client.on("close", () => this.#close());
  }

  #fail(error: Error): void {
    const detail = this.#describe(error);
    const seen = this.#handshake;
    this.#hangUp(
      seen
        ? endingOfOpening(this.#opening(seen), { it: error, detail })
        : endingOfError(this.#where, error, detail, this.#phase === "opening"),
    );
  }

  #opening(seen: Handshake): Opening {
    return {
      url: this.#url,
      seen,
      settings: this.#options,
      files: this.#secrets?.tls ?? null,
      clock: this.#options.clock.read(),
    };
  }

  #accepted(client: MqttClient, connack: IConnackPacket, subscriptions: string[]): void {
    this.#handshake = null;
    if (this.#ending) {
      this.#sayGoodbye();
      return;
    }
    if (connack.properties?.maximumQoS === 0) {
      this.#hangUp({ cause: "refused", detail: `${this.#where} takes no messages of QoS 1` });
      return;
    }
    this.#queue.limits = {
      receiveMaximum: connack.properties?.receiveMaximum ?? RECEIVE_MAXIMUM,
      packetMaxBytes: connack.properties?.maximumPacketSize ?? Number.POSITIVE_INFINITY,
    };
    if (subscriptions.length === 0) this.#ready();
    else
      client.subscribe(subscriptions, { qos: QOS }, (error, granted) =>
        this.#subscribed(error, granted ?? []),
      );
  }

  #subscribed(error: Error | null, granted: ISubscriptionGrant[]): void {
    if (this.ending) return;
    if (!error) {
      this.#ready();
      return;
    }
    const refused = granted.map((grant) => grant.topic).join(", ");
    const detail = `${this.#where} refused the subscription to ${refused}: ${this.#describe(error)}`;
    this.#hangUp({ cause: "refused", detail });
  }

  #ready(): void {
    this.#unlimited();
    this.#phase = "open";
    this.#owner.post({
      type: "broker.connected",
      occurredAt: this.#now(),
      connection: this.number,
      protocol: this.#options.protocol,
    });
    for (const message of this.#early ?? []) this.#owner.post(message);
    this.#early = null;
  }

  #receive(topic: string, payload: Buffer, packet: IPublishPacket): void {
    if (this.#phase === "closed") return;
    const message: BrokerMessageIn = {
      type: "broker.message",
      occurredAt: this.#now(),
      connection: this.number,
      topic,
      text: textOf(payload),
      bytes: payload.length,
      retain: packet.retain,
      ...requestOf(packet),
    };
    if (this.#phase === "open") {
      this.#owner.post(message);
      return;
    }
    this.#early ??= [];
    if (this.#early.push(message) > EARLY_MESSAGES_MAX) {
      const detail = `${this.#where} sent ${EARLY_MESSAGES_MAX} messages without acknowledging the subscription`;
      this.#hangUp({ cause: "unreachable", detail });
    }
  }

  #send(
    message: BrokerMessageOut,
    payload: string | Buffer,
    done: (answer: SendAnswer | "lost") => void,
  ): void {
    const properties = propertiesOf(message, this.#options.protocol);
    const options = { qos: QOS, retain: message.retain, ...(properties ? { properties } : {}) };
    this.#client?.publish(message.topic, payload, options, (error) =>
      done(error ? answerOf(error) : "acked"),
    );
  }

  #answer(token: number, answer: SendAnswer): void {
    if (this.#phase !== "open") return;
    const at = { occurredAt: this.#now(), connection: this.number, token };
    if (answer === "acked") this.#owner.post({ type: "broker.acked", ...at });
    else this.#owner.post({ type: "broker.publish-failed", ...at, ...answer });
  }

  /** Sends DISCONNECT now; what is in flight stays unanswered. */
  #sayGoodbye(): void {
    const client = this.#client;
    if (!client || this.#phase === "closed") return;
    this.#queue.stop();
    if (!client.connected) {
      client.stream.destroy();
      return;
    }
    // `end` would hold DISCONNECT back for as long as acknowledgements are missing.
    for (const id of Object.keys(client.outgoing)) client.removeOutgoingMessage(Number(id));
    client.end(false);
    this.#limit(CLOSE_MS, () => client.stream.destroy());
  }

  #hangUp(ending: Ending): void {
    if (this.#phase === "closed") return;
    this.#ending ??= ending;
    this.#queue.stop();
    // Not `end`: it does nothing for a client that is disconnecting already, whose peer may be silent.
    if (this.#client) this.#client.stream.destroy();
    else this.#closeSoon();
  }

  #closeSoon(): void {
    queueMicrotask(() => this.#close());
  }

  #close(): void {
    if (this.#phase === "closed") return;
    const ending = this.#ending ?? this.#unexpectedEnd();
    this.#phase = "closed";
    this.#unlimited();
    this.#queue.stop();
    this.#owner.post({
      type: "broker.disconnected",
      occurredAt: this.#now(),
      connection: this.number,
      cause: ending.cause,
      detail: ending.detail,
    });
    this.#owner.closed(this);
  }

  #unexpectedEnd(): Ending {
    if (this.#handshake) return endingOfOpening(this.#opening(this.#handshake), null);
    return this.#phase === "opening"
      ? { cause: "unreachable", detail: `${this.#where} closed the connection before it was ready` }
      : { cause: "closed", detail: `${this.#where} closed the connection` };
  }

  #limit(ms: number, then: () => void): void {
    this.#unlimited();
    this.#deadline = setTimeout(then, ms);
  }

  #unlimited(): void {
    if (this.#deadline) clearTimeout(this.#deadline);
    this.#deadline = null;
  }

  #describe(error: unknown): string {
    return describeError(error, this.#secrets?.password ?? "");
  }

  #now(): number {
    return this.#options.clock.monotonicMs();
  }
}
