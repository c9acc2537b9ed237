import { counted, missing, rang } from "./facts.ts";
import { all, type ConformanceCase, eventOf, pressesIn, type Stage, without } from "./stage.ts";
import type { TapeMessage } from "./tape-broker.ts";

const idsOf = (messages: readonly TapeMessage[]) => messages.map((message) => eventOf(message).event.id);

/** How long ago the press before an outage was, as a case's doorbell lives it. */
const OUTAGE_MS = 180_000;
const CAME_BACK_MS = 76_000;

/** Every event is given a receipt. It also shows whether this consumer gives any. */
export const RECEIPTS: ConformanceCase = {
  name: "receipts",
  plays: "a doorbell starts, and somebody rings three times",
  expects: "a receipt for every event, three rings, three presses",
  async play(stage) {
    const door = stage.door();
    door.start();
    for (let press = 0; press < 3; press += 1) door.press();
    const tape = door.published();
    await stage.play(tape);
    await stage.expect(all(rang(stage, idsOf(pressesIn(tape))), counted(stage, 3), missing(stage, [])));
  },
};

/** What happens to events between a doorbell and its consumer. */
export const EVENT_CASES: ConformanceCase[] = [
  {
    name: "duplicate",
    plays: "the receipt of a press is lost, and the press comes twice more",
    expects: "one ring, one press, and a receipt again",
    async play(stage) {
      const door = stage.door();
      door.start();
      door.press();
      const tape = door.published();
      const presses = pressesIn(tape);
      const once = all(rang(stage, idsOf(presses)), counted(stage, 1));
      await stage.play(tape);
      await stage.expect(once);
      stage.loseReceipts();
      await stage.play([...presses, ...presses]);
      await stage.expect(once);
    },
  },
  {
    name: "late",
    plays: "a press that was made during an outage comes on late/",
    expects: "no ring; it counts, and has its receipt",
    async play(stage) {
      const { tape, presses } = outage(stage, 1);
      await stage.play(tape);
      await stage.expect(all(rang(stage, [], { never: tooOld(presses) }), counted(stage, 1)));
    },
  },
  {
    name: "held-back",
    plays: "the broker holds a press back: it comes on event/, and is 100 s old",
    expects: "no ring; it counts, and has its receipt",
    async play(stage) {
      const door = stage.door({ beginsBeforeMs: 110_000 });
      door.start();
      door.press();
      const tape = door.published();
      await stage.play(tape);
      await stage.expect(all(rang(stage, [], { never: tooOld(pressesIn(tape)) }), counted(stage, 1)));
    },
  },
  {
    name: "gap",
    plays: "of three presses the second does not come; then it does",
    expects: "the gap, and no receipt for it; then no gap, and three presses",
    async play(stage) {
      const door = stage.door();
      door.start();
      for (let press = 0; press < 3; press += 1) door.press();
      const tape = door.published();
      const presses = pressesIn(tape);
      const [first, second, third] = presses;
      if (!first || !second || !third) return stage.fail("three presses");
      const { event } = eventOf(second);
      await stage.play(without(tape, [second]));
      const others = idsOf([first, third]);
      const gap = { epoch: event.epoch, from: event.sequence, to: event.sequence };
      await stage.expect(all(missing(stage, [gap]), rang(stage, others), counted(stage, 2)));
      if (stage.isReceipted(event)) stage.fail(`a receipt for ${event.id}, which had not come`);
      await stage.play([second]);
      await stage.expect(
        all(missing(stage, []), rang(stage, others, { may: [event.id] }), counted(stage, 3)),
      );
    },
  },
  {
    name: "epoch",
    plays: "somebody rings, the doorbell starts again, somebody rings",
    expects: "two rings, two presses, receipts in both epochs: both are press 1",
    async play(stage) {
      const door = stage.door();
      door.start();
      door.press();
      door.cutPower();
      door.start();
      door.press();
      const tape = door.published();
      await stage.play(tape);
      await stage.expect(all(rang(stage, idsOf(pressesIn(tape))), counted(stage, 2), missing(stage, [])));
    },
  },
  {
    name: "epoch-gap",
    plays: "the last press before a start does not come: `start` tells of it",
    expects: "the gap at the end of the epoch before",
    async play(stage) {
      const door = stage.door();
      door.start();
      door.press();
      door.press();
      door.cutPower();
      door.start();
      const tape = door.published();
      const [first, lost] = pressesIn(tape);
      if (!first || !lost) return stage.fail("two presses");
      const { event } = eventOf(lost);
      await stage.play(without(tape, [lost]));
      const gap = { epoch: event.epoch, from: event.sequence, to: event.sequence };
      await stage.expect(all(missing(stage, [gap]), rang(stage, idsOf([first])), counted(stage, 1)));
    },
  },
  {
    name: "order",
    plays: "after an outage the press of this moment overtakes the two that waited",
    expects: "one ring, three presses, no gap, a receipt for each",
    async play(stage) {
      const { door, tape, presses } = outage(stage, 2);
      door.press();
      const since = door.published();
      const live = pressesIn(since);
      await stage.play([...live, ...tape, ...without(since, live)]);
      await stage.expect(
        all(rang(stage, idsOf(live), { never: tooOld(presses) }), counted(stage, 3), missing(stage, [])),
      );
    },
  },
];

function outage(stage: Stage, presses: number) {
  const door = stage.door({ beginsBeforeMs: OUTAGE_MS });
  const nowMs = door.utcMs + OUTAGE_MS;
  door.start();
  const before = door.published();
  door.goOffline();
  for (let press = 0; press < presses; press += 1) door.press();
  door.passUntil(nowMs - CAME_BACK_MS);
  door.goOnline();
  const tape = [...before, ...door.published()];
  return { door, tape, presses: pressesIn(tape) };
}

/** Why there must be no ring for these. */
function tooOld(presses: readonly TapeMessage[]): Record<string, string> {
  const ageS = (utcMs: number) => Math.round((Date.now() - utcMs) / 1_000);
  return Object.fromEntries(
    presses.map((message) => {
      const { event, utcMs } = eventOf(message);
      return [event.id, `a press that was ${ageS(utcMs)} s old`];
    }),
  );
}
