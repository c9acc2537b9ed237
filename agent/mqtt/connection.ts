import { Socket } from "node:net";
import {
  connect,
  type IConnackPacket,
  type IPublishPacket,
  type ISubscriptionGrant,
  type MqttClient,
} from "mqtt";
import type { BrokerInput, BrokerMessageIn, BrokerMessageOut } from "../../device/ports/broker.ts";
import {
  type ConnectionRequest,
  clientOptions,
  connectTimeoutMs,
  type MqttOptions,
  placeOf,
} from "./client-options.ts";
import { Handshake } from "./handshake.ts";
import { textOf } from "./inbound.ts";
import { endingOfOpening, type Opening } from "./opening.ts";
import { type PublishProperties, publishPacketBytes } from "./publish-packet.ts";
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

/**
 * One attempt to connect and what comes of it. It posts `broker.connected` at most once, and `broker.disconnected`
 * exactly once, as the last of all.
 */
export class Connection {
  /** Resolves after `broker.disconnected` has been posted. */
  readonly closed: Promise<void>;
  readonly #options: MqttOptions;
  readonly #request: ConnectionRequest;
  readonly #post: (input: BrokerInput) => void;
  readonly #where: string;
  readonly #queue: SendQueue;
  readonly #handshake = new Handshake();
  #phase: "opening" | "open" | "closed" = "opening";
  /** By a CONNACK: what fails from then on is no matter of ports and certificates. */
  #answered = false;
  #ending: Ending | null = null;
  #client: MqttClient | null = null;
  #secrets: Secrets | null = null;
  #early: BrokerMessageIn[] = [];
  #deadline: NodeJS.Timeout;
  #resolveClosed: () => void = () => {};

  constructor(options: MqttOptions, request: ConnectionRequest, post: (input: BrokerInput) => void) {
    this.#options = options;
    this.#request = request;
    this.#post = post;
    this.#where = placeOf(request.url);
    this.closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    this.#queue = new SendQueue({
      read: (reference) => options.payloads.read(reference),
      packetBytes: (message, payload) =>
        publishPacketBytes(message.topic, payload, this.#propertiesOf(message)),
      send: (message, payload, done) => this.#send(message, payload, done),
      answer: (token, answer) => this.#answer(token, answer),
    });
    const timeoutMs = connectTimeoutMs(options);
    this.#deadline = setTimeout(() => {
      this.#hangUp({ cause: "unreachable", detail: `${this.#where} did not answer within ${timeoutMs} ms` });
    }, timeoutMs);
    loadSecrets(options, request.url).then(
      (secrets) => this.#dial(secrets),
      (error: Error) => this.#hangUp({ cause: "refused", detail: error.message }),
    );
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

  #dial(secrets: Secrets): void {
    if (this.ending) return;
    this.#secrets = secrets;
    let client: MqttClient;
    try {
      client = connect(
        this.#request.url,
        clientOptions(this.#options, this.#request, secrets, this.#handshake),
      );
    } catch (error) {
      this.#hangUp({ cause: "refused", detail: `${this.#where}: ${this.#describe(error)}` });
      return;
    }
    this.#client = client;
    this.#handshake.watch(client.stream);
    // Nagle's algorithm (RFC 896) would hold a press back until what a clip has on its way is acknowledged.
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
    client.on("connect", (connack) => this.#accepted(client, connack));
    client.on("message", (topic, payload, packet) => this.#receive(topic, payload, packet));
    client.on("disconnect", (packet) =>
      this.#hangUp(endingOfDisconnect(this.#where, packet.reasonCode ?? 0)),
    );
    client.on("error", (error) => this.#fail(error));
    // MQTT.js passes on only some of them.
    client.stream.on("error", (error) => this.#fail(error));
    client.on("close", () => this.#close());
  }

  #fail(error: Error): void {
    const detail = this.#describe(error);
    this.#hangUp(
      this.#answered
        ? endingOfError(this.#where, error, detail, this.#phase === "opening")
        : endingOfOpening(this.#opening(), { it: error, detail }),
    );
  }

  #opening(): Opening {
    return {
      url: this.#request.url,
      seen: this.#handshake,
      settings: this.#options,
      files: this.#secrets?.tls ?? null,
      clock: this.#options.clock.read(),
    };
  }

  #accepted(client: MqttClient, connack: IConnackPacket): void {
    this.#answered = true;
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
    const { subscriptions } = this.#request;
    if (subscriptions.length === 0) this.#ready();
    else
      client.subscribe(subscriptions, { qos: 1 }, (error, granted) => this.#subscribed(error, granted ?? []));
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
    clearTimeout(this.#deadline);
    this.#phase = "open";
    const { connection } = this.#request;
    this.#post({
      type: "broker.connected",
      occurredAt: this.#now(),
      connection,
      protocol: this.#options.protocol,
    });
    for (const message of this.#early) this.#post(message);
    this.#early = [];
  }

  #receive(topic: string, payload: Buffer, packet: IPublishPacket): void {
    if (this.#phase === "closed") return;
    const message: BrokerMessageIn = {
      type: "broker.message",
      occurredAt: this.#now(),
      connection: this.#request.connection,
      topic,
      text: textOf(payload),
      bytes: payload.length,
      retain: packet.retain,
    };
    if (this.#phase === "open") this.#post(message);
    else if (this.#early.push(message) > EARLY_MESSAGES_MAX) {
      const detail = `${this.#where} sent ${EARLY_MESSAGES_MAX} messages without acknowledging the subscription`;
      this.#hangUp({ cause: "unreachable", detail });
    }
  }

  #send(
    message: BrokerMessageOut,
    payload: string | Buffer,
    done: (answer: SendAnswer | "lost") => void,
  ): void {
    const properties = this.#propertiesOf(message);
    const options = { qos: 1 as const, retain: message.retain, ...(properties ? { properties } : {}) };
    this.#client?.publish(message.topic, payload, options, (error) =>
      done(error ? answerOf(error) : "acked"),
    );
  }

  #propertiesOf(message: BrokerMessageOut): PublishProperties | null {
    if (this.#options.protocol !== "5") return null;
    return {
      ...(message.contentType === null ? {} : { contentType: message.contentType }),
      ...(message.expiryS === null ? {} : { messageExpiryInterval: message.expiryS }),
    };
  }

  #answer(token: number, answer: SendAnswer): void {
    if (this.#phase !== "open") return;
    const at = { occurredAt: this.#now(), connection: this.#request.connection, token };
    if (answer === "acked") this.#post({ type: "broker.acked", ...at });
    else this.#post({ type: "broker.publish-failed", ...at, ...answer });
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
    clearTimeout(this.#deadline);
    this.#queue.stop();
    this.#post({
      type: "broker.disconnected",
      occurredAt: this.#now(),
      connection: this.#request.connection,
      cause: ending.cause,
      detail: ending.detail,
    });
    this.#resolveClosed();
  }

  #unexpectedEnd(): Ending {
    if (!this.#answered) return endingOfOpening(this.#opening(), null);
    return this.#phase === "opening"
      ? { cause: "unreachable", detail: `${this.#where} closed the connection before it was ready` }
      : { cause: "closed", detail: `${this.#where} closed the connection` };
  }

  #limit(ms: number, then: () => void): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(then, ms);
  }

  #describe(error: unknown): string {
    return describeError(error, this.#secrets?.password ?? "");
  }

  #now(): number {
    return this.#options.clock.monotonicMs();
  }
}
