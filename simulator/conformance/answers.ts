import { type Static, Type } from "typebox";
import { Compile } from "typebox/compile";

const EventId = Type.String({ pattern: "^[0-9a-f]{16}-[pe][0-9]{1,10}$" });
const Lane = Type.Enum(["press", "event"]);

/** `porchlight-conformance/{run}/ask`, from the kit: what does the consumer know of one doorbell? */
export const Ask = Type.Object({
  question: Type.String({ maxLength: 64, description: "Comes back in the answer" }),
  deviceId: Type.String({ description: "The doorbell that is asked about" }),
  subscribeAgain: Type.Boolean({
    description:
      "True: first subscribe again, on the same connection or on a new one, so that what the broker retains comes again",
  }),
});
export type Ask = Static<typeof Ask>;

/**
 * `porchlight-conformance/{run}/answer`, from the consumer: what it knows once it has dealt with everything that came
 * before the question. Each of the facts may be left out; what needs it is then not judged.
 */
export const Answer = Type.Object({
  question: Type.String({ maxLength: 64 }),
  deviceId: Type.String(),
  rangFor: Type.Optional(
    Type.Array(EventId, { maxItems: 1_000, description: "Presses that it rang for, as often as it rang" }),
  ),
  presses: Type.Optional(Type.Integer({ minimum: 0, description: "How many times somebody has rung" })),
  gaps: Type.Optional(
    Type.Array(
      Type.Object({
        epoch: Type.String(),
        lane: Lane,
        from: Type.Integer({ minimum: 1 }),
        to: Type.Integer({ minimum: 1 }),
      }),
      { maxItems: 1_000, description: "Numbers that have been given out and have not come" },
    ),
  ),
  clips: Type.Optional(
    Type.Array(
      Type.Object({
        clipId: Type.String(),
        sha256: Type.String({ pattern: "^[0-9a-f]{64}$", description: "Of the clip's tar" }),
        whole: Type.Boolean({ description: "It ended as it was meant to" }),
      }),
      { maxItems: 100, description: "Clips that are here and verified" },
    ),
  ),
  online: Type.Optional(Type.Boolean({ description: "The doorbell is connected" })),
  times: Type.Optional(
    Type.Array(Type.Object({ id: EventId, utcMs: Type.Integer({ minimum: 0 }) }), {
      maxItems: 1_000,
      description: "When each press was made, as well as it is known by now, in milliseconds since 1970",
    }),
  ),
  subscribedAgain: Type.Optional(Type.Boolean({ description: "It has subscribed again, as it was asked" })),
});
export type Answer = Static<typeof Answer>;

/** The topics of questions and answers. */
export function conformanceTopics(run: string): { ask: string; answer: string } {
  return { ask: `porchlight-conformance/${run}/ask`, answer: `porchlight-conformance/${run}/answer` };
}

/** Asks of every run. */
export const EVERY_ASK = "porchlight-conformance/+/ask";

const answerCheck = Compile(Answer);
const askCheck = Compile(Ask);

/** Reads an answer; a string says in one line why it is none. */
export function readAnswer(text: string): Answer | string {
  const value = readJson(text);
  if (value === undefined) return "an answer is not JSON";
  if (answerCheck.Check(value)) return value;
  const [fault] = answerCheck.Errors(value);
  return `an answer is none: ${fault?.instancePath || "/"} ${fault?.message ?? "is wrong"}`;
}

/** Reads a question; null when it is none. */
export function readAsk(text: string): Ask | null {
  const value = readJson(text);
  return askCheck.Check(value) ? value : null;
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
