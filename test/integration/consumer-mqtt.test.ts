import { connectAsync } from "mqtt";
import { expect, test } from "vitest";
import {
  ClipAssembler,
  type ClipOutcome,
  Consumer,
  clipToMp4,
  type Outcome,
  sha256Hex,
} from "../../agent/consumer/index.ts";
import { topicsOf } from "../../agent/contract/topics.ts";
import type { BrokerMessageOut } from "../../device/ports/broker.ts";
import { probeBroker, textMessage } from "../fixtures/broker-probe.ts";
import { startMosquitto } from "../fixtures/mosquitto.ts";
import { until } from "../fixtures/until.ts";
import { clipFiles, initOf, sha256, tarOf } from "../unit/consumer/make-clip.ts";
import { DEVICE, EPOCH, press } from "../unit/consumer/messages.ts";

const topics = topicsOf(DEVICE);
const CLIP = "clip-1";
const SEGMENT_BYTES = 65_536;

test.each(["5", "3.1.1"] as const)(
  "from the adapter through mosquitto to the consumer and back, on %s",
  async (protocol) => {
    const mosquitto = await startMosquitto();
    const files = clipFiles(CLIP, [400_000, 150_000]);
    const tar = await tarOf(files);
    const jpeg = new Uint8Array(20_000).fill(1);
    jpeg.set([0xff, 0xd8, 0xff]);
    const agent = probeBroker({
      protocol,
      payloads: {
        read: async (reference) =>
          reference.kind === "still"
            ? jpeg
            : tar.subarray(reference.index * SEGMENT_BYTES, (reference.index + 1) * SEGMENT_BYTES),
      },
    });

    const client = await connectAsync(mosquitto.url, { protocolVersion: protocol === "5" ? 5 : 4 });
    const consumer = new Consumer();
    const assembler = new ClipAssembler();
    const outcomes: Outcome[] = [];
    const clips: ClipOutcome[] = [];
    const verifying: Promise<unknown>[] = [];
    client.on("message", (topic, payload, { retain }) => {
      for (const outcome of consumer.receive({ topic, payload, retain, receivedUtcMs: Date.now() })) {
        outcomes.push(outcome);
        if (outcome.kind === "clip")
          verifying.push(assembler.receive(outcome.message).then((o) => clips.push(...o)));
        if (outcome.kind !== "event") continue;
        consumer.confirmStored(outcome);
        for (const receipt of consumer.takeReceipts(DEVICE))
          client.publish(topics.receipt, JSON.stringify(receipt), { qos: 1 });
      }
    });
    await client.subscribeAsync(topics.everything, { qos: 1 });

    await agent.connect({ url: mosquitto.url, subscriptions: [topics.receipt] });
    const messages = [
      textMessage(
        topics.event("press", false),
        new TextDecoder().decode(press(1, { utcMs: Date.now() }).payload),
      ),
      ...clipMessages(tar),
    ];
    for (const [token, message] of messages.entries()) agent.broker.publish(1, token, message);
    await until(() => agent.of("broker.acked").length === messages.length, "every ack");
    await until(() => clips.some((outcome) => outcome.kind === "clip-complete"), "the whole clip");
    await Promise.all(verifying);

    expect(outcomes.filter((outcome) => outcome.kind === "event")).toMatchObject([
      { ring: true, eventType: "press" },
    ]);
    const snapshot = outcomes.find((outcome) => outcome.kind === "snapshot");
    expect(snapshot?.kind === "snapshot" && (await sha256Hex(snapshot.jpeg))).toBe(sha256(jpeg));
    const complete = clips.find((outcome) => outcome.kind === "clip-complete");
    if (complete?.kind !== "clip-complete") throw new Error("no clip");
    const { mp4 } = await clipToMp4(complete.bytes);
    expect(Buffer.concat(files.slice(0, -1).map((file) => file.bytes)).equals(mp4)).toBe(true);
    await until(() => agent.of("broker.message").length === 1, "the receipt");
    const receipt = { epoch: EPOCH, press: [[1, 1]], event: [] };
    expect(JSON.parse(agent.of("broker.message")[0]?.text ?? "")).toEqual(receipt);
    expect(outcomes.filter((outcome) => outcome.kind === "refused")).toEqual([]);

    await agent.broker.stop();
    await client.endAsync();
    await mosquitto.stop();
  },
);

function clipMessages(tar: Uint8Array): BrokerMessageOut[] {
  const init = initOf(CLIP);
  const segments = Array.from({ length: Math.ceil(tar.length / SEGMENT_BYTES) }, (_, index) => {
    const offset = index * SEGMENT_BYTES;
    const hash = sha256(tar.subarray(offset, offset + SEGMENT_BYTES));
    return reference(topics.clipSegment(CLIP, offset, hash), { kind: "segment", clipId: CLIP, index });
  });
  return [
    reference(topics.snapshot(`${EPOCH}-p1`), { kind: "still", eventId: `${EPOCH}-p1` }),
    textMessage(topics.clipInit(CLIP), init.kind === "clip-init" ? init.body : ""),
    ...segments,
    reference(topics.clipFin(CLIP, tar.length, sha256(tar)), { kind: "empty" }),
  ];
}

function reference(topic: string, payload: BrokerMessageOut["payload"]): BrokerMessageOut {
  return { topic, payload, retain: false, contentType: null, expiryS: null };
}
