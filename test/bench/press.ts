import { setTimeout as pause } from "node:timers/promises";
import { startDoorbell } from "./doorbell.ts";
import { atMost, quantile, type Row, ratio } from "./row.ts";

const PRESSES = 300;

/** Press to event: from the hold, against bare MQTT.js between two connections; and from the edge. */
export async function pressRows(brokerUrl: string): Promise<Row[]> {
  let holdSatisfiedAt = 0;
  const doorbell = await startDoorbell({
    brokerUrl,
    observe: (input, actions) => {
      const rings = actions.some((action) => action.type === "chime.play");
      if (input.type === "timer.fired" && rings) holdSatisfiedAt = performance.now();
    },
  });
  const fromHold: number[] = [];
  const fromEdge: number[] = [];
  const bare: number[] = [];
  // One after the other in the same loop, so that both see the same machine.
  for (let i = 0; i < PRESSES; i++) {
    const event = doorbell.arrival(/\/event\/press$/);
    const edgeAt = performance.now();
    doorbell.button.press(doorbell.holdMs + 20);
    const { atMs } = await event;
    fromHold.push(atMs - holdSatisfiedAt);
    fromEdge.push(atMs - edgeAt);
    await pause(120);
    const echo = doorbell.arrival(/\/bench$/);
    const publishedAt = performance.now();
    doorbell.publisher.publish("porchlight/v1/front-door/bench", PAYLOAD, { qos: 1 });
    bare.push((await echo).atMs - publishedAt);
    await pause(20);
  }
  await doorbell.end();
  return [
    {
      what: "hold satisfied → event at a subscriber, outbox durable",
      reference: "bare MQTT.js publish → subscriber, same broker, QoS 1",
      results: [
        ratio("p50", "ms", quantile(fromHold, 0.5), quantile(bare, 0.5), 1.5),
        ratio("p99", "ms", quantile(fromHold, 0.99), quantile(bare, 0.99), 2),
      ],
    },
    {
      what: `edge → event (hold ${doorbell.holdMs} ms)`,
      reference: "the configured hold",
      results: [
        atMost("p50", "ms", quantile(fromEdge, 0.5), doorbell.holdMs + 5),
        atMost("p99", "ms", quantile(fromEdge, 0.99), doorbell.holdMs + 5),
      ],
    },
  ];
}

/** As long as a press on the wire. */
const PAYLOAD = "x".repeat(420);
