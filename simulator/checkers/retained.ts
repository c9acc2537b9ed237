import type { Checker } from "./evidence.ts";
import { readTopic } from "./topic-facts.ts";

/** Only the status is retained: a retained press would ring again at every subscription. */
export const retained: Checker = {
  name: "retained",
  check({ attempts }) {
    const wrong: string[] = [];
    for (const { message, atMs } of attempts) {
      const isStatus = message.text !== null && readTopic(message.topic)?.kind === "status";
      if (message.retain !== isStatus) {
        wrong.push(`${message.topic} was published ${message.retain ? "" : "not "}retained at ${atMs}`);
      }
    }
    return wrong;
  },
};
