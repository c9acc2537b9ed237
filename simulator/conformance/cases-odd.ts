import { counted, missing, rang } from "./facts.ts";
import { all, type ConformanceCase, eventOf, pressesIn, type Stage, without } from "./stage.ts";
import type { TapeMessage } from "./tape-broker.ts";

const encode = (text: string) => new TextEncoder().encode(text);
const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const BEHIND_MS = 3 * 3_600_000;
/** How far a time that is known may be from the truth. */
const TIME_WITHIN_MS = 2_000;

/** What a consumer meets that is not as it would be on most days. */
export const ODD_CASES: ConformanceCase[] = [
  {
    name: "clock",
    plays: "somebody rings before the doorbell knows what time it is; then a time server answers",
    expects: "a ring, for the press is of this moment; then its right time",
    async play(stage) {
      const door = stage.door({ clockBehindMs: BEHIND_MS });
      door.start();
      const pressedUtcMs = door.utcMs;
      door.press();
      const before = door.published();
      const [press] = pressesIn(before);
      const { event } = eventOf(press);
      await stage.play(before);
      await stage.expect(all(rang(stage, [event.id]), counted(stage, 1)));
      door.syncClock();
      await stage.play(door.published());
      await stage.expect(
        stage.knows("times", (times) => {
          const known = times.find(({ id }) => id === event.id)?.utcMs;
          if (known === undefined) return `does not know when ${event.id} was made`;
          const offS = Math.round(Math.abs(known - pressedUtcMs) / 1_000);
          return offS * 1_000 <= TIME_WITHIN_MS ? null : `takes ${event.id} for made ${offS} s off`;
        }),
      );
    },
  },
  {
    name: "unknown",
    plays: "an event of a type, properties and a topic that only a newer doorbell has",
    expects: "they are ignored; every event has its receipt, and both presses ring",
    async play(stage) {
      const door = stage.door();
      door.start();
      door.press();
      door.press();
      const tape = door.published().map((message) => withNews(stage, message));
      await stage.play(tape);
      await stage.playWrong({ topic: `${stage.topics.root}/weather`, payload: encode("{}"), retain: false });
      await stage.expect(
        all(
          rang(
            stage,
            pressesIn(tape).map((message) => eventOf(message).event.id),
          ),
          counted(stage, 2),
          stage.knows("gaps", (gaps) =>
            gaps.length === 0 ? null : "takes an event of an unknown type for missing",
          ),
        ),
      );
    },
  },
  {
    name: "malformed",
    plays: "payloads that are no JSON, no UTF-8, too large, of another doorbell, or against their schema",
    expects: "no harm: nothing of them counts, nothing of them has a receipt, and the next press rings",
    async play(stage) {
      const door = stage.door();
      door.start();
      door.press();
      door.press();
      const tape = door.published();
      const [first, second] = pressesIn(tape);
      if (!first || !second) return stage.fail("two presses");
      await stage.play(without(tape, [second]));
      const wrong = wrongPayloads(first);
      for (const payload of wrong) await stage.playWrong({ ...first, payload });
      for (const topic of [stage.topics.status, stage.topics.health, stage.topics.clipInit("x")])
        await stage.playWrong({ topic, payload: encode("{"), retain: false });
      await stage.play([second]);
      const ids = [first, second].map((message) => eventOf(message).event.id);
      await stage.expect(all(rang(stage, ids), counted(stage, 2), missing(stage, [])));
      const { event } = eventOf(first);
      if (stage.isReceipted({ ...event, sequence: NEVER })) stage.fail("a receipt for a malformed press");
    },
  },
];

/** To be played when nothing else is: a consumer may connect anew for it, and miss what comes meanwhile. */
export const RETAINED: ConformanceCase = {
  name: "retained",
  plays: "the broker retains a press, against the contract, and hands it out again to who subscribes again",
  expects: "one ring, one press",
  async play(stage) {
    const door = stage.door();
    door.start();
    door.press();
    const tape = door.published();
    const [press] = pressesIn(tape);
    if (!press) return stage.fail("a press");
    await stage.play(tape.map((message) => (message === press ? { ...press, retain: true } : message)));
    const { id } = eventOf(press).event;
    await stage.expect(counted(stage, 1));
    const answer = await stage.ask(true);
    if (answer?.subscribedAgain !== true) {
      stage.unjudged.add("subscribedAgain");
      return;
    }
    await stage.expect(all(rang(stage, [], { may: [id] }), counted(stage, 1)));
  },
};

/** A press number that no case has. */
const NEVER = 99;

/** What the gesture's event would be to a consumer that has never heard of it, and new properties in every other. */
function withNews(stage: Stage, message: TapeMessage): TapeMessage {
  if (!/\/event\/[a-z]+$/.test(message.topic)) return message;
  const event = JSON.parse(decode(message.payload));
  const isNew = event.type === "dev.porchlight.button";
  const news = { ...event, ...(isNew && { type: "dev.porchlight.parcel" }), colour: ["red"] };
  return {
    ...message,
    topic: isNew ? stage.topics.event("parcel", false) : message.topic,
    payload: encode(JSON.stringify({ ...news, data: { ...event.data, finger: { side: "left" } } })),
  };
}

function wrongPayloads(press: TapeMessage): Uint8Array[] {
  const text = decode(press.payload);
  const event = { ...JSON.parse(text), sequence: NEVER };
  event.id = event.id.replace(/[0-9]+$/, String(NEVER));
  const changed = (change: object) => encode(JSON.stringify({ ...event, ...change }));
  return [
    encode(text.slice(0, -1)),
    new Uint8Array([0xff, 0xfe, ...press.payload]),
    new Uint8Array(),
    encode("null"),
    encode("[]"),
    encode(`"${"x".repeat(100)}"`),
    changed({ source: "/porchlight/somebody-else" }),
    changed({ id: event.id.replace(/[0-9]+$/, "98") }),
    changed({ type: "dev.porchlight.motion" }),
    changed({ time: "yesterday" }),
    changed({ time: "2026-13-45T99:99:99Z" }),
    changed({ monotonicms: "NaN" }),
    changed({ sequence: -1 }),
    changed({ sequence: 1.5 }),
    changed({ sequence: "99" }),
    changed({ lane: "__proto__" }),
    changed({ data: null }),
    changed({ data: { heldMs: "long" } }),
    changed({ comment: "x".repeat(8_000) }),
  ];
}
