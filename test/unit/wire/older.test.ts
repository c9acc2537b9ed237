import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Consumer, type Outcome } from "../../../agent/consumer/index.ts";
import { messagesOfSeed, payloadOf, type SubscriberMessage } from "../../fixtures/virtual-messages.ts";
import { channelFinder, readAsyncApi, readText, root } from "./documents.ts";

const FROZEN = "test/fixtures/wire-v1";
const days = readdirSync(root(FROZEN), { withFileTypes: true }).flatMap((entry) =>
  entry.isDirectory() ? [entry.name] : [],
);

/** What a consumer, of whatever day, made of messages: refusals, and all that it counts. */
function takeIn(consumer: Pick<Consumer, "receive" | "gapsOf">, messages: readonly SubscriberMessage[]) {
  const outcomes = messages.flatMap((message) =>
    consumer.receive({ ...message, payload: payloadOf(message) }),
  );
  const of = (kind: Outcome["kind"]) => outcomes.filter((one) => one.kind === kind);
  const presses = outcomes.filter((one) => one.kind === "event" && one.eventType === "press");
  const devices = new Set(messages.map(({ topic }) => topic.split("/")[2] ?? ""));
  return {
    refused: outcomes.flatMap((one) =>
      one.kind === "refused" && one.reason !== "unknown-topic" ? [`${one.topic}: ${one.detail}`] : [],
    ),
    /** Of channels that it does not know: it ignores them. */
    strange: outcomes.flatMap((one) =>
      one.kind === "refused" && one.reason === "unknown-topic" ? [one.topic] : [],
    ),
    presses: presses.map((one) => one.kind === "event" && [one.event.id, one.ring]),
    events: of("event").length,
    unknown: outcomes.flatMap((one) => (one.kind === "event" && one.known === null ? [one.eventType] : [])),
    duplicates: of("duplicate").length,
    gaps: [...devices].flatMap((device) => consumer.gapsOf(device)),
    gapsTold: of("gap"),
    clipMessages: of("clip").length,
    snapshots: of("snapshot").length,
    status: of("status"),
  };
}

const today = [24, 37, 59].map((seed) => messagesOfSeed(seed));

describe.each(days)("the wire of %s", { timeout: 60_000 }, (day) => {
  const recorded = readdirSync(root(`${FROZEN}/${day}`)).filter((file) => file.endsWith(".jsonl"));
  const olderConsumer = async (): Promise<typeof Consumer> => {
    const older: { Consumer: typeof Consumer } = await import(root(`${FROZEN}/${day}/consumer.js`).href);
    return older.Consumer;
  };

  const knewThen = channelFinder(readAsyncApi(`${FROZEN}/${day}/asyncapi.yaml`));

  it("its consumer reads what today's agent sends, and counts as today's does", async () => {
    const Older = await olderConsumer();
    expect(Older).not.toBe(Consumer);
    for (const messages of today) {
      const older = takeIn(new Older(), messages);
      const { unknown, strange, ...newer } = takeIn(new Consumer(), messages);
      expect(older).toMatchObject({ ...newer, refused: [] });
      expect(older.strange.filter((topic) => knewThen(topic) !== null)).toEqual([]);
      expect([unknown, strange]).toEqual([[], []]);
      expect(older.presses.length).toBeGreaterThan(3);
    }
    expect(today.flatMap((messages) => takeIn(new Older(), messages).gapsTold).length).toBeGreaterThan(0);
  });

  it("its consumer would refuse a message that broke the rules for change", async () => {
    const Older = await olderConsumer();
    const press = today.flat().find(({ topic }) => topic.endsWith("/event/press"));
    if (!press) throw new Error("no press in today's messages");
    const receive = (change: (text: string) => string) =>
      takeIn(new Older(), [{ ...press, text: change(press.text ?? "") }]);
    expect(receive((text) => text.replace('"heldMs"', '"pressedMs"')).refused).toHaveLength(1);
    expect(
      receive((text) => text.replace(/"timetrust":"\w+"/, '"timetrust":"perhaps"')).refused,
    ).toHaveLength(1);
    const more = receive((text) => text.replace('"heldMs"', '"finger":"left","heldMs"'));
    expect([more.refused, more.presses.length]).toEqual([[], 1]);
  });

  it.each(recorded)("its messages are read by today's consumer as by its own: %s", async (file) => {
    const lines = readText(`${FROZEN}/${day}/${file}`).trimEnd().split("\n");
    const messages = lines.map((line) => JSON.parse(line) as SubscriberMessage);
    const { unknown: _, ...older } = takeIn(new (await olderConsumer())(), messages);
    const newer = takeIn(new Consumer(), messages);
    expect(newer).toMatchObject({ ...older, refused: [] });
    expect(newer.events).toBeGreaterThan(30);
  });
});
