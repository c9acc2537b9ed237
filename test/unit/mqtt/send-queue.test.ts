import fc from "fast-check";
import { expect, test } from "vitest";
import { type SendAnswer, SendQueue } from "../../../agent/mqtt/send-queue.ts";
import type { BrokerMessageOut } from "../../../device/ports/broker.ts";

const message = (payload: BrokerMessageOut["payload"]): BrokerMessageOut => ({
  topic: "t",
  payload,
  retain: false,
  contentType: null,
  expiryS: null,
});
const text = (body: string) => message({ kind: "text", text: body });
const still = (eventId: string) => message({ kind: "still", eventId });
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function makeQueue() {
  const sent: { body: string; done: (answer: SendAnswer | "lost") => void }[] = [];
  const answers: [number, SendAnswer][] = [];
  const reads = new Map<
    string,
    { resolve: (bytes: Uint8Array | "gone") => void; reject: (error: Error) => void }
  >();
  const queue = new SendQueue({
    payloads: {
      read: (reference) =>
        new Promise((resolve, reject) => {
          reads.set(reference.kind === "still" ? reference.eventId : reference.clipId, { resolve, reject });
        }),
    },
    packetBytes: (_, payload) => payload.length,
    send: (_, payload, done) => sent.push({ body: payload.toString(), done }),
    answer: (token, answer) => answers.push([token, answer]),
  });
  const bodies = () => sent.map(({ body }) => body);
  return { queue, sent, answers, reads, bodies };
}

test("text goes out at once; behind bytes that are being read it waits", async () => {
  const { queue, reads, bodies } = makeQueue();
  queue.push(1, text("a"));
  expect(bodies()).toEqual(["a"]);
  queue.push(2, still("s"));
  queue.push(3, text("b"));
  expect(bodies()).toEqual(["a"]);
  reads.get("s")?.resolve(new TextEncoder().encode("still"));
  await turn();
  expect(bodies()).toEqual(["a", "still", "b"]);
});

test("whatever the order of reads and acknowledgements: sent in order, each answered once, never above the window", async () => {
  const kinds = fc.array(fc.constantFrom("text", "still", "gone", "error"), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(
      kinds,
      fc.integer({ min: 1, max: 3 }),
      fc.infiniteStream(fc.nat()),
      async (list, window, chance) => {
        const { queue, sent, answers, reads, bodies } = makeQueue();
        queue.limits = { receiveMaximum: window, packetMaxBytes: 100 };
        let drained = 0;
        for (const [token, kind] of list.entries())
          queue.push(token, kind === "text" ? text(`${token}`) : still(`${token}`));
        queue.drain(() => {
          drained += 1;
        });
        const waiting = [...reads.keys()];
        const unanswered = new Set<number>();
        let seen = 0;
        for (let step = 0; drained === 0 && step < 200; step += 1) {
          for (; seen < sent.length; seen += 1) unanswered.add(seen);
          expect(unanswered.size).toBeLessThanOrEqual(window);
          const pick = Number(chance.next().value);
          const [id] = waiting.splice(pick % Math.max(1, waiting.length), 1);
          if (id !== undefined) {
            const kind = list[Number(id)];
            if (kind === "still") reads.get(id)?.resolve(new TextEncoder().encode(id));
            else if (kind === "gone") reads.get(id)?.resolve("gone");
            else reads.get(id)?.reject(new Error("disk"));
          }
          const acked = [...unanswered][pick % Math.max(1, unanswered.size)];
          if (acked !== undefined && pick % 2 === 0) {
            unanswered.delete(acked);
            sent[acked]?.done("acked");
          }
          await turn();
        }
        const sendable = list.flatMap((kind, token) =>
          kind === "text" || kind === "still" ? [`${token}`] : [],
        );
        expect(bodies()).toEqual(sendable);
        await turn();
        expect(answers.map(([token]) => token).sort((a, b) => a - b)).toEqual([...list.keys()]);
        for (const [token, answer] of answers) {
          if (list[token] === "gone" || list[token] === "error")
            expect(answer).toMatchObject({ cause: "gone" });
          else expect(answer).toBe("acked");
        }
        expect(drained).toBe(1);
      },
    ),
    { numRuns: 60 },
  );
});

test("what is larger than the broker takes is refused, later, and holds nothing up", async () => {
  const { queue, answers, bodies } = makeQueue();
  queue.limits = { receiveMaximum: 10, packetMaxBytes: 3 };
  queue.push(1, text("four"));
  queue.push(2, text("abc"));
  expect(answers).toEqual([]);
  expect(bodies()).toEqual(["abc"]);
  await turn();
  expect(answers).toMatchObject([[1, { cause: "refused" }]]);
});

test("after stop nothing is sent, answered or drained", async () => {
  const { queue, sent, answers, reads, bodies } = makeQueue();
  queue.push(1, text("a"));
  queue.push(2, still("s"));
  queue.push(3, still("t"));
  queue.drain(() => answers.push([0, "acked"]));
  queue.stop();
  sent[0]?.done("acked");
  reads.get("s")?.resolve(new Uint8Array(1));
  reads.get("t")?.resolve("gone");
  await turn();
  expect(bodies()).toEqual(["a"]);
  expect(answers).toEqual([]);
});
