import type { StatusMessage } from "../../agent/contract/messages.ts";
import type { Checker } from "./evidence.ts";

/** When everything has settled, the retained status tells the truth: an older will has not won. */
export const status: Checker = {
  name: "status",
  check({ status: text, powerOns, finallyRunning, settledAfterMs }) {
    if (settledAfterMs === null) return [];
    const last = powerOns.at(-1);
    if (!last) return [];
    const wanted = finallyRunning ? "online" : "stopped";
    const is = text === null ? null : read(text);
    if (is?.state === wanted && is.epoch === last.epoch && is.connection === last.connection) return [];
    return [`status is ${text}, not ${wanted} of epoch ${last.epoch}, connection ${last.connection}`];
  },
};

/** What a stranger left there may be anything. */
function read(text: string): StatusMessage | null {
  try {
    const status: StatusMessage | null = JSON.parse(text);
    return status;
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}
