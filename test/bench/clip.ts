import { setTimeout as pause } from "node:timers/promises";
import { startDoorbell } from "./doorbell.ts";
import { atMost, difference, quantile, type Row } from "./row.ts";

const CLIPS = 10;

/** Pre-roll at the consumer after the press, and the whole clip after the recording stopped. */
export async function clipRows(brokerUrl: string): Promise<Row[]> {
  let preRollBytes = Number.POSITIVE_INFINITY;
  let stoppedAt = 0;
  let cameraUpAt = 0;
  const doorbell = await startDoorbell({
    brokerUrl,
    settings: { "camera.source": "test", "clip.postRollMs": 2_000 },
    observe: (input, actions) => {
      if (input.type === "camera.up") cameraUpAt = performance.now();
      const last = input.type === "clip.grew" ? input.segments.at(-1) : undefined;
      // What the clip is opened with: the pre-roll, in whole fragments.
      if (last && preRollBytes === Number.POSITIVE_INFINITY) preRollBytes = last.offset + last.bytes;
      if (actions.some((action) => action.type === "clip.close")) stoppedAt = performance.now();
    },
  });
  const eventAt: number[] = [];
  const preRollAfter: number[] = [];
  const wholeAfter: number[] = [];
  while (cameraUpAt === 0) await pause(50);
  for (let i = 0; i < CLIPS; i++) {
    await pause(i === 0 ? 6_000 : 2_500);
    preRollBytes = Number.POSITIVE_INFINITY;
    let received = 0;
    let preRollAt = 0;
    const count = (topic: string, payload: Buffer) => {
      if (!/\/clip\/[^/]+\/\d+\//.test(topic)) return;
      received += payload.length;
      if (preRollAt === 0 && received >= preRollBytes) preRollAt = performance.now();
    };
    doorbell.subscriber.on("message", count);
    const event = doorbell.arrival(/\/event\/press$/);
    const fin = doorbell.arrival(/\/fin\//);
    const edgeAt = performance.now();
    doorbell.button.press(100);
    const pressAt = (await event).atMs;
    wholeAfter.push((await fin).atMs - stoppedAt);
    doorbell.subscriber.off("message", count);
    eventAt.push(pressAt - edgeAt);
    preRollAfter.push(preRollAt - edgeAt);
  }
  await doorbell.end();
  return [
    {
      what: "press → pre-roll whole at the consumer (4 s, 2 Mbit/s)",
      reference: "the press event's arrival",
      results: [
        difference("p50", "ms", quantile(preRollAfter, 0.5), quantile(eventAt, 0.5), 50),
        difference("max", "ms", quantile(preRollAfter, 1), quantile(eventAt, 1), 50),
      ],
    },
    {
      what: "recording stops → clip whole at the consumer",
      reference: "none",
      results: [
        atMost("p50", "ms", quantile(wholeAfter, 0.5), 50),
        atMost("max", "ms", quantile(wholeAfter, 1), 50),
      ],
    },
  ];
}
