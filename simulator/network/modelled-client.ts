import { largestInboundBytes } from "../../agent/contract/channels.ts";
import type { Broker, BrokerInput, BrokerMessageOut } from "../../device/ports/broker.ts";
import type { PayloadReference } from "../../device/ports/fragment-store.ts";
import type { Chance } from "../world/chance.ts";
import type { PoweredTime } from "../world/device-time.ts";
import type { Scheduled } from "../world/world.ts";
import type { ModelledBroker } from "./modelled-broker.ts";
import type { ModelledLink, Wire } from "./modelled-link.ts";
import { type ModelledMessage, textMessage } from "./modelled-message.ts";

/** What a client needs of the world. */
export interface Network {
  link: ModelledLink;
  broker: ModelledBroker;
  /** Where the broker listens; nobody listens anywhere else. */
  url: string;
}

/** What a modelled network carries of bytes; null when they are gone. */
export type Handle = { bytes: number; tag: string } | null;

/** Finds the bytes that a message refers to, and calls `found` once, later than it returns. */
export type Payloads = (reference: PayloadReference, found: (handle: Handle) => void) => void;

type Request = Parameters<Broker["connect"]>[0];
type ServerSide = Parameters<ModelledBroker["connect"]>[0];

interface Connection {
  request: Request;
  wire: Wire | null;
  server: ServerSide | null;
  phase: "opening" | "open" | "over";
  deadline: Scheduled | null;
  queue: Waiting[];
  /** It is about to look at its queue. */
  draining: boolean;
  unacked: number;
  /** Of what is no press and not acknowledged. */
  pacedBytes: number;
  leaving: boolean;
  abandoned: boolean;
}

interface Waiting {
  token: number;
  topic: string;
  /** `reading` until its bytes are found; null when they are gone. */
  message: ModelledMessage | "reading" | null;
}

const LIVE_PRESS = "/event/press";
const CONNECT_TIMEOUT_MS = 10_000;
const DRAIN_MS = 2_000;
const CONNECT_BYTES = 200;
const PUBLISH_OVERHEAD_BYTES = 8;
/** Larger messages are taken in without their text. */
const INBOUND_MAX_BYTES = largestInboundBytes();

/** The agent's side of a modelled broker: the `Broker` port over a `ModelledLink`, on one power-on's time. */
export class ModelledBrokerClient implements Broker {
  readonly #time: PoweredTime;
  readonly #network: Network;
  readonly #chance: Chance;
  readonly #payloads: Payloads;
  readonly #attempted: (message: BrokerMessageOut, connection: number, token: number) => void;
  readonly #connections = new Map<number, Connection>();
  #post: ((input: BrokerInput) => void) | null = null;
  /** How many bytes that are no press are on a connection's way and not acknowledged, as often as they become more. */
  onPaced: (bytes: number) => void = () => undefined;
  onConnect: () => void = () => undefined;
  onOver: () => void = () => undefined;

  /** `attempted` is told of every publish that the agent asks for on an open connection. */
  constructor(
    time: PoweredTime,
    network: Network,
    chance: Chance,
    payloads: Payloads,
    attempted: (message: BrokerMessageOut, connection: number, token: number) => void,
  ) {
    this.#time = time;
    this.#network = network;
    this.#chance = chance;
    this.#payloads = payloads;
    this.#attempted = attempted;
  }

  /** Something that is published now is sent. */
  get isOpen(): boolean {
    for (const { phase, leaving, abandoned } of this.#connections.values()) {
      if (phase === "open" && !leaving && !abandoned) return true;
    }
    return false;
  }

  start(post: (input: BrokerInput) => void): void {
    this.#post = post;
  }

  /** @throws Error when the connection before has not been told to end: a bug of the caller. */
  connect(request: Request): void {
    for (const { phase, leaving, abandoned, request: other } of this.#connections.values()) {
      if (phase !== "over" && !leaving && !abandoned) {
        throw new Error(`connection ${other.connection} is still open`);
      }
    }
    const connection: Connection = {
      request,
      wire: null,
      server: null,
      phase: "opening",
      deadline: null,
      queue: [],
      draining: false,
      unacked: 0,
      pacedBytes: 0,
      leaving: false,
      abandoned: false,
    };
    this.#connections.set(request.connection, connection);
    this.onConnect();
    connection.deadline = this.#time.after(CONNECT_TIMEOUT_MS, () => {
      this.#hangUp(
        connection,
        "unreachable",
        `simulated broker did not answer within ${CONNECT_TIMEOUT_MS} ms`,
      );
    });
    this.#time.after(this.#chance.int(1, 10), () => this.#dial(connection));
  }

  publish(number: number, token: number, message: BrokerMessageOut): void {
    const connection = this.#connections.get(number);
    if (connection?.phase !== "open" || connection.leaving || connection.abandoned) return;
    this.#attempted(message, number, token);
    const { topic, payload, retain } = message;
    const waiting: Waiting = { token, topic, message: "reading" };
    connection.queue.push(waiting);
    if (payload.kind === "text") {
      waiting.message = textMessage(topic, payload.text, retain);
      if (message.correlation !== undefined) waiting.message.correlation = message.correlation;
    } else if (payload.kind === "empty") waiting.message = textMessage(topic, "", retain);
    else {
      this.#payloads(payload, (handle) => {
        waiting.message = handle && { topic, text: null, bytes: handle.bytes, tag: handle.tag, retain };
        this.#drain(connection);
      });
    }
    // What is answered at once is answered later than this call.
    if (connection.draining) return;
    connection.draining = true;
    this.#time.after(0, () => {
      connection.draining = false;
      this.#drain(connection);
    });
  }

  disconnect(number: number): void {
    const connection = this.#connections.get(number);
    if (!connection || connection.phase === "over" || connection.leaving) return;
    connection.leaving = true;
    connection.deadline?.cancel();
    connection.deadline = this.#time.after(DRAIN_MS, () => this.#sayGoodbye(connection));
    this.#goIfDrained(connection);
  }

  abandon(number: number): void {
    const connection = this.#connections.get(number);
    if (!connection) return;
    connection.abandoned = true;
    // The answer comes later, never from within the call.
    this.#time.after(0, () => this.#hangUp(connection, "closed", "abandoned as asked"));
  }

  async stop(): Promise<void> {
    this.processEnded();
  }

  /** The agent's process is over: its sockets are closed without a word of MQTT. */
  processEnded(): void {
    this.#post = null;
    for (const connection of this.#connections.values()) this.#hangUp(connection, "closed", "stopped");
  }

  /** The device lost its power. */
  powerCut(): void {
    for (const { wire, phase } of this.#connections.values()) {
      if (phase !== "over") wire?.abandonByDevice();
    }
    this.#post = null;
  }

  #dial(connection: Connection): void {
    if (connection.phase === "over") return;
    const { link, broker } = this.#network;
    const { request } = connection;
    const guarded = (run: () => void) => () => {
      if (this.#time.powered) run();
    };
    const wire = link.open(
      {
        device: { closed: guarded(() => this.#closedByBroker(connection)) },
        broker: { closed: () => connection.server && broker.lost(connection.server) },
      },
      request.keepAliveS * 1_500,
    );
    if (!wire || request.url !== this.#network.url) {
      this.#hangUp(connection, "unreachable", "simulated: no network");
      return;
    }
    connection.wire = wire;
    const server: ServerSide = {
      clientId: request.clientId,
      will: request.will,
      subscriptions: request.subscriptions,
      wire,
      accepted: guarded(() => this.#accepted(connection)),
      refused: (reason) =>
        guarded(() => this.#hangUp(connection, "refused", `simulated broker: ${reason}`))(),
      message: (message) => guarded(() => this.#received(connection, message))(),
    };
    wire.send("up", CONNECT_BYTES, () => {
      if (broker.isUp) connection.server = server;
      broker.connect(server);
    });
  }

  #accepted(connection: Connection): void {
    if (connection.phase !== "opening") return;
    connection.deadline?.cancel();
    connection.phase = "open";
    const number = connection.request.connection;
    this.#post?.({ type: "broker.connected", occurredAt: this.#now(), connection: number, protocol: "5" });
    if (connection.leaving) this.#goIfDrained(connection);
  }

  /** Messages go out in the order of the calls, each once its bytes are found. */
  #drain(connection: Connection): void {
    while (connection.phase === "open") {
      const next = connection.queue[0];
      if (!next || next.message === "reading") break;
      connection.queue.shift();
      if (next.message === null) this.#gone(connection, next.token);
      else this.#send(connection, next.token, next.message);
    }
    this.#goIfDrained(connection);
  }

  #gone(connection: Connection, token: number): void {
    this.#post?.({
      type: "broker.publish-failed",
      occurredAt: this.#now(),
      connection: connection.request.connection,
      token,
      cause: "gone",
      detail: "simulated: the bytes are gone",
    });
  }

  #send(connection: Connection, token: number, message: ModelledMessage): void {
    const { wire, server, request } = connection;
    if (!wire || !server) return;
    connection.unacked += 1;
    const bytes = message.bytes + message.topic.length + PUBLISH_OVERHEAD_BYTES;
    let paced = message.topic.endsWith(LIVE_PRESS) ? 0 : bytes;
    connection.pacedBytes += paced;
    this.onPaced(connection.pacedBytes);
    wire.send("up", bytes, () => {
      this.#network.broker.publish(server, message, () => {
        if (!this.#time.powered || connection.phase !== "open") return;
        connection.unacked -= 1;
        connection.pacedBytes -= paced;
        // It may be acknowledged once more.
        paced = 0;
        this.#post?.({
          type: "broker.acked",
          occurredAt: this.#now(),
          connection: request.connection,
          token,
        });
        this.#goIfDrained(connection);
      });
    });
  }

  #received(connection: Connection, message: ModelledMessage): void {
    if (connection.phase !== "open") return;
    this.#post?.({
      type: "broker.message",
      occurredAt: this.#now(),
      connection: connection.request.connection,
      topic: message.topic,
      text: message.bytes > INBOUND_MAX_BYTES ? null : message.text,
      bytes: message.bytes,
      retain: message.retain,
      ...(message.responseTopic !== undefined && { responseTopic: message.responseTopic }),
      ...(message.correlation !== undefined && { correlation: message.correlation }),
      ...(message.expiryS !== undefined && { expiryS: message.expiryS }),
    });
  }

  #goIfDrained(connection: Connection): void {
    if (connection.leaving && connection.queue.length === 0 && connection.unacked <= 0)
      this.#sayGoodbye(connection);
  }

  #closedByBroker(connection: Connection): void {
    const cause = connection.phase === "opening" ? "unreachable" : "closed";
    this.#hangUp(connection, cause, "simulated broker closed the connection");
  }

  #sayGoodbye(connection: Connection): void {
    const { wire, server } = connection;
    if (connection.phase === "open" && wire && server) {
      wire.send("up", 2, () => this.#network.broker.disconnected(server));
    }
    this.#hangUp(connection, "closed", "disconnected as asked");
  }

  #hangUp(connection: Connection, cause: "refused" | "unreachable" | "closed", detail: string): void {
    if (connection.phase === "over") return;
    connection.phase = "over";
    this.onOver();
    connection.deadline?.cancel();
    connection.wire?.close("device");
    this.#connections.delete(connection.request.connection);
    this.#post?.({
      type: "broker.disconnected",
      occurredAt: this.#now(),
      connection: connection.request.connection,
      cause,
      detail,
    });
  }

  #now(): number {
    return this.#time.monotonicMs();
  }
}
