import type { Checker } from "./evidence.ts";
import { readTopic } from "./topic-facts.ts";

/** Only the status and the reported configuration are retained: a retained press would ring again at every subscription. */
export const retained: Checker = {
  name: "retained",
  check({ attempts }) {
    const wrong: string[] = [];
    for (const { message, atMs } of attempts) {
      const kind = message.text === null ? null : readTopic(message.topic)?.kind;
      if (message.retain !== (kind === "status" || kind === "config-reported")) {
        wrong.push(`${message.topic} was published ${message.retain ? "" : "not "}retained at ${atMs}`);
      }
    }
    return wrong;
  },
};
