import type { PayloadReference } from "./fragment-store.ts";

export interface BrokerMessageOut {
  topic: string;
  payload: { kind: "text"; text: string } | { kind: "empty" } | PayloadReference;
  retain: boolean;
  /** MQTT 5 only; ignored on 3.1.1. */
  contentType: string | null;
  /** MQTT 5 only: seconds after which the broker may discard it. */
  expiryS: number | null;
  /** MQTT 5 only: Correlation Data (§3.3.2.3.6) of the request that this answers, in base64. */
  correlation?: string;
}

export interface BrokerConnected {
  type: "broker.connected";
  occurredAt: number;
  connection: number;
  protocol: "3.1.1" | "5";
}
/** The connection ended or could not be made. */
export interface BrokerDisconnected {
  type: "broker.disconnected";
  occurredAt: number;
  connection: number;
  /** `refused`: the broker said no (credentials, client id); the operator must act. `unreachable`, `closed`: the world's fault. */
  cause: "refused" | "unreachable" | "closed";
  /** One line for a person, without credentials. */
  detail: string;
}
/** PUBACK (MQTT 3.1.1 §3.4, MQTT 5 §3.4 with a reason code below 0x80). */
export interface BrokerAcked {
  type: "broker.acked";
  occurredAt: number;
  connection: number;
  token: number;
}
/** It was not sent: `gone` (the payload expired), `refused` (reason code ≥ 0x80 or too large). A closed connection posts no failures. */
export interface BrokerPublishFailed {
  type: "broker.publish-failed";
  occurredAt: number;
  connection: number;
  token: number;
  cause: "gone" | "refused";
  detail: string;
  /** Of the PUBACK, where there was one. */
  reasonCode?: number;
}
/** A message on a subscribed topic. `text` is null when it is not UTF-8 or larger than the adapter takes in. */
export interface BrokerMessageIn {
  type: "broker.message";
  occurredAt: number;
  connection: number;
  topic: string;
  text: string | null;
  bytes: number;
  retain: boolean;
  /** MQTT 5 only, where the message has them: Response Topic (§3.3.2.3.5), Correlation Data in base64, and the seconds that are left of its expiry. */
  responseTopic?: string;
  correlation?: string;
  expiryS?: number;
}

export type BrokerInput =
  | BrokerConnected
  | BrokerDisconnected
  | BrokerAcked
  | BrokerPublishFailed
  | BrokerMessageIn;

/** One MQTT connection at a time, QoS 1 throughout. It never reconnects and never queues across connections. */
export interface Broker {
  start(post: (input: BrokerInput) => void): void;
  connect(request: {
    connection: number;
    url: string;
    clientId: string;
    keepAliveS: number;
    will: { topic: string; text: string };
    subscriptions: string[];
  }): void;
  /** Publishes on the given connection; answers `broker.acked` or `broker.publish-failed` with the token. */
  publish(connection: number, token: number, message: BrokerMessageOut): void;
  /** Sends DISCONNECT, so that the will is not published. Answers `broker.disconnected`. */
  disconnect(connection: number): void;
  /** Closes the socket without DISCONNECT. Answers `broker.disconnected`. */
  abandon(connection: number): void;
  stop(): Promise<void>;
}
