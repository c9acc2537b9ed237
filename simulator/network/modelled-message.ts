/** An MQTT message in a virtual run: text as it is, and a tag in place of bytes. */
export interface ModelledMessage {
  topic: string;
  /** Null when the payload is bytes. */
  text: string | null;
  /** Of the payload. */
  bytes: number;
  /** What the bytes are; null when the payload is text or empty. */
  tag: string | null;
  retain: boolean;
  /** Of MQTT 5, as in the `Broker` port. */
  responseTopic?: string;
  correlation?: string;
  expiryS?: number;
}

/** A message whose payload is text. */
export function textMessage(topic: string, text: string, retain: boolean): ModelledMessage {
  return { topic, text, bytes: Buffer.byteLength(text), tag: null, retain };
}

/** Whether a topic matches a filter (MQTT 3.1.1 §4.7), for topics that do not begin with `$`. */
export function matches(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  if (!filter.includes("+") && !filter.includes("#")) return false;
  const wanted = filter.split("/");
  const levels = topic.split("/");
  for (const [at, want] of wanted.entries()) {
    if (want === "#") return true;
    if (at >= levels.length || (want !== "+" && want !== levels[at])) return false;
  }
  return wanted.length === levels.length;
}
