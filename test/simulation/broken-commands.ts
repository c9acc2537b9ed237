import type { BrokerMessageIn, BrokerMessageOut } from "../../device/ports/broker.ts";
import { changing, withBroker } from "./with-broker.ts";

const isCommand = ({ topic }: BrokerMessageIn) => topic.includes("/command/");
const isReply = ({ topic }: BrokerMessageOut) => topic.includes("/reply/");

/** Does not look at how long a request counts. */
export const doesWhatHasExpired = withBroker((_ports, post) => ({
  take(input) {
    if (input.type !== "broker.message" || !isCommand(input)) return post(input);
    post({ ...input, text: input.text?.replace(/,"expiresAt":"[^"]*"/, "") ?? null });
  },
}));

/** Takes each copy of a request for another one. */
export const doesAgainWhatComesAgain = withBroker(({ broker }, post) => {
  let copies = 0;
  return {
    take(input) {
      if (input.type !== "broker.message" || !isCommand(input)) return post(input);
      copies += 1;
      post({
        ...input,
        text: input.text?.replace(/"requestId":"([^"]*)"/, `"requestId":"$1-${copies}"`) ?? null,
      });
    },
    publish: (connection, token, message) => broker.publish(connection, token, message),
  };
});

/** Says something else each time it says an answer. */
export const answersAnew = (() => {
  let attempts = 0;
  return changing((message) => {
    if (!isReply(message) || message.payload.kind !== "text") return message;
    attempts += 1;
    const text = message.payload.text.replace(/\}$/, `,"attempt":${attempts}}`);
    return { ...message, payload: { kind: "text", text } };
  });
})();

/** Takes its answers for sent. */
export const answersNobody = withBroker(({ broker, clock, timers }, post) => ({
  publish(connection, token, message) {
    if (!isReply(message)) broker.publish(connection, token, message);
    else
      timers.soon(() => post({ type: "broker.acked", occurredAt: clock.monotonicMs(), connection, token }));
  },
}));
