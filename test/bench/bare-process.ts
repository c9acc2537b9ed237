import mqtt from "mqtt";

/** What a bare MQTT.js client is to do: the reference that the agent's uplink is measured against. */
export interface BareJob {
  url: string;
  topic: string;
  messages: number;
  bytes: number;
  /** Published and not yet acknowledged, at most; 0: as many as MQTT.js takes. */
  window: number;
}

/** Publishes `{topic}/first`, the messages at QoS 1, and `{topic}/last` once all of them are acknowledged; then it ends. */
async function publishAll({ url, topic, messages, bytes, window }: BareJob): Promise<void> {
  const client = await mqtt.connectAsync(url, { protocolVersion: 5 });
  const payload = Buffer.alloc(bytes, "x");
  await client.publishAsync(`${topic}/first`, "", { qos: 1 });
  await new Promise<void>((resolve, reject) => {
    let sent = 0;
    let acknowledged = 0;
    const next = () => {
      sent += 1;
      client.publish(`${topic}/${sent}`, payload, { qos: 1 }, (error) => {
        if (error) return reject(error);
        acknowledged += 1;
        if (acknowledged === messages) resolve();
        else if (sent < messages) next();
      });
    };
    for (let i = 0; i < (window || messages) && i < messages; i++) next();
  });
  await client.publishAsync(`${topic}/last`, "", { qos: 1 });
  await client.endAsync();
}

await publishAll(JSON.parse(process.argv[2] ?? "") as BareJob);
