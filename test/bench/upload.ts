import { initSegment, pictures } from "../fixtures/mp4.ts";
import { until } from "../fixtures/until.ts";
import { openStorage, runBare, startAgent, stopwatch, withFolder } from "./beside.ts";
import { median, type Row, ratioAtLeast } from "./row.ts";

const CLIPS = 3;
const CLIP_MS = 40_000;
/** Ten pictures a second of so many bytes: 2 Mbit/s. */
const PICTURE_BYTES = 25_000;
const SEGMENT_BYTES = 65_536;
/** What mosquitto allows a client of MQTT 5 by default (`max_inflight_messages`). The agent keeps to it; MQTT.js does not. */
const WINDOW = 20;
const ROUNDS = 5;

/** Clips that were recorded while the broker was away go up, against bare MQTT.js with as many bytes in as large messages. */
export async function uploadRows(brokerUrl: string): Promise<Row[]> {
  const ours: number[] = [];
  const bare: number[] = [];
  let megabytes = 0;
  let messages = 0;
  for (let round = 0; round < ROUNDS; round++) {
    await withFolder(async (folder) => {
      const { bytes, segments } = await record(folder);
      megabytes = bytes / 1e6;
      messages = segments;
      const fins = new Set<string>();
      const watch = await stopwatch(
        brokerUrl,
        ["porchlight/v1/+/clip/+/init", "porchlight/v1/+/clip/+/fin/#"],
        (topic) => topic.endsWith("/init"),
        (topic) => topic.includes("/fin/") && fins.add(topic).size === CLIPS,
      );
      const agent = await startAgent(folder, brokerUrl, "");
      ours.push(megabytes / ((await watch.ms()) / 1_000));
      await agent.end("SIGTERM");
    });
    const topic = "bench/upload";
    const watch = await stopwatch(
      brokerUrl,
      [`${topic}/first`, `${topic}/last`],
      (name) => name.endsWith("/first"),
      (name) => name.endsWith("/last"),
    );
    const bytes = Math.round((megabytes * 1e6) / messages);
    await runBare({ url: brokerUrl, topic, messages, bytes, window: WINDOW });
    bare.push(megabytes / ((await watch.ms()) / 1_000));
  }
  const what = `upload of recorded clips, plain (${CLIPS} clips, ${megabytes.toFixed(0)} MB, segments of 64 KiB)`;
  return [
    {
      what,
      reference: `bare MQTT.js, as many bytes in as many messages, QoS 1, ${WINDOW} on their way`,
      results: [ratioAtLeast("p50", "MB/s", median(ours), median(bare), 0.9)],
    },
  ];
}

/** Records clips by the agent's own storage, as fast as its disk takes them. */
async function record(folder: string): Promise<{ bytes: number; segments: number }> {
  const storage = await openStorage(folder);
  const { clips, inputs, count } = storage;
  clips.init(initSegment());
  let atMs = 0;
  const film = (ms: number) => {
    for (const pair of pictures(atMs, atMs + ms, PICTURE_BYTES)) clips.pair(pair);
    atMs += ms;
  };
  film(6_000);
  for (let clip = 1; clip <= CLIPS; clip++) {
    const clipId = `c${clip}`;
    const grown = count("clip.grew");
    clips.openClip({
      clipId,
      eventId: `e${clip}`,
      fromMs: atMs - 4_000,
      eventAtMs: atMs,
      segmentBytes: SEGMENT_BYTES,
      initBody: JSON.stringify({ name: `${clipId}.tar`, segments_ttl: 86_400 }),
      manifest: { deviceId: "front-door" },
    });
    await until(() => count("clip.grew") > grown, "the pre-roll");
    for (let ms = 0; ms < CLIP_MS; ms += 1_000) {
      const before = count("clip.grew");
      film(1_000);
      await until(() => count("clip.grew") > before, "a fragment on disk");
    }
    clips.closeClip(clipId, atMs);
    await until(() => count("clip.closed") === clip, "the clip's end");
    clips.markAnnounced(clipId);
  }
  await storage.close();
  const closed = inputs.flatMap((input) => (input.type === "clip.closed" ? [input] : []));
  if (closed.some(({ closing }) => closing.end !== "finished")) throw new Error("a clip is not whole");
  return {
    bytes: closed.reduce((sum, { closing }) => sum + closing.bytes, 0),
    segments: closed.reduce((sum, { segments }) => sum + (segments.at(-1)?.index ?? 0) + 1, 0),
  };
}
