import { eventBody, eventId } from "../../agent/contract/events.ts";
import type { OutboxRow } from "../../device/ports/store.ts";
import { until } from "../fixtures/until.ts";
import { EPOCH, openStorage, runBare, startAgent, stopwatch, withFolder } from "./beside.ts";
import { information, median, type Row, ratioAtLeast } from "./row.ts";

const EVENTS = 10_000;
/** One in so many is a press. */
const PRESS_EVERY = 5;
const ROUNDS = 3;
/** What mosquitto allows a client of MQTT 5 by default (`max_inflight_messages`). The agent keeps to it; MQTT.js does not. */
const WINDOW = 20;

/** A full outbox of an earlier run goes out, against bare MQTT.js with as many messages of the same size. */
export async function backlogRows(brokerUrl: string): Promise<Row[]> {
  const ours: number[] = [];
  const unlimited: number[] = [];
  const windowed: number[] = [];
  let bytes = 0;
  for (let round = 0; round < ROUNDS; round++) {
    ours.push(
      await withFolder(async (folder) => {
        bytes = await fill(folder);
        const seen = { messages: 0 };
        const watch = await stopwatch(
          brokerUrl,
          ["porchlight/v1/+/status", "porchlight/v1/+/late/+"],
          (topic) => topic.endsWith("/status"),
          (topic) => topic.includes("/late/") && ++seen.messages === EVENTS,
        );
        const agent = await startAgent(folder, brokerUrl, "motion: {watch: false}");
        const rate = EVENTS / ((await watch.ms()) / 1_000);
        await agent.end("SIGTERM");
        await allSettled(folder);
        return rate;
      }),
    );
    for (const [window, rates] of [
      [0, unlimited],
      [WINDOW, windowed],
    ] as const) {
      const topic = "bench/backlog";
      const watch = await stopwatch(
        brokerUrl,
        [`${topic}/#`],
        (name) => name.endsWith("/first"),
        (name) => name.endsWith("/last"),
      );
      await runBare({ url: brokerUrl, topic, messages: EVENTS, bytes, window });
      rates.push(EVENTS / ((await watch.ms()) / 1_000));
    }
  }
  return [
    {
      what: `backlog of ${EVENTS} events after an outage (${bytes} bytes each, every ${PRESS_EVERY}th a press)`,
      reference: "bare MQTT.js publish rate, QoS 1, same broker and subscriber",
      results: [
        ratioAtLeast("p50", "events/s", median(ours), median(unlimited), 0.5),
        information(`p50, bare with ${WINDOW} on their way`, "events/s", median(ours), median(windowed)),
      ],
    },
  ];
}

/** Answers the mean size of their bodies. */
async function fill(folder: string): Promise<number> {
  const storage = await openStorage(folder);
  const last = { press: 0, event: 0 };
  let bytes = 0;
  for (let i = 0; i < EVENTS; i++) {
    const lane = i % PRESS_EVERY === 0 ? "press" : "event";
    last[lane] += 1;
    const row = lane === "press" ? pressRow(last.press) : motionRow(last.event);
    bytes += row.body.length;
    storage.store.append(row);
  }
  await until(() => storage.count("store.appended") === EVENTS, "every row on disk", 60_000);
  await storage.close();
  return Math.round(bytes / EVENTS);
}

const OLD_UTC_MS = 1_760_000_000_000;

function pressRow(sequence: number): OutboxRow {
  return rowOf("press", sequence, "press", (fact) =>
    eventBody({ ...fact, type: "press", data: { heldMs: 40 } }),
  );
}

function motionRow(sequence: number): OutboxRow {
  const data = {
    state: "start",
    startId: "",
    areaPermille: 31,
    zones: [],
    durationMs: 0,
    reason: "",
  } as const;
  return rowOf("event", sequence, "motion", (fact) =>
    eventBody({ ...fact, type: "motion", data: { ...data, zones: [] } }),
  );
}

type Fact = Pick<
  Parameters<typeof eventBody>[0],
  "deviceId" | "epoch" | "lane" | "sequence" | "monotonicMs" | "utcMs" | "trust"
>;

function rowOf(
  lane: "press" | "event",
  sequence: number,
  eventType: string,
  body: (fact: Fact) => string,
): OutboxRow {
  const monotonicMs = sequence * 1_000;
  const utcMs = OLD_UTC_MS + monotonicMs;
  const fact: Fact = {
    deviceId: "front-door",
    epoch: EPOCH,
    lane,
    sequence,
    monotonicMs,
    utcMs,
    trust: "synced",
  };
  return {
    lane,
    epoch: EPOCH,
    sequence,
    id: eventId(EPOCH, lane, sequence),
    eventType,
    body: body(fact),
    occurredMonotonicMs: monotonicMs,
    occurredUtcMs: utcMs,
    trust: "synced",
    stillOf: null,
  };
}

/** @throws Error when the outbox still holds any of them: then they were not delivered, or were not forgotten. */
async function allSettled(folder: string): Promise<void> {
  const storage = await openStorage(folder);
  const opened = storage.inputs.find((input) => input.type === "store.opened");
  await storage.close();
  if (opened?.type !== "store.opened") throw new Error("the outbox did not open");
  const { press, event } = opened.totals;
  if (press.rows + event.rows > 8) throw new Error(`${press.rows + event.rows} rows are left in the outbox`);
}
