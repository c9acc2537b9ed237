import { deepStrictEqual, notDeepStrictEqual } from "node:assert/strict";
import { runBrokerKills } from "../integration/stories/broker-kills.ts";

/** `kill -9` of mosquitto right after it acknowledged a press, 100 times with receipts; and the control that must lose presses. */
export async function soakBrokerKills(): Promise<string[]> {
  const [receipt, puback] = await Promise.all([
    runBrokerKills({ tries: 100, settle: "receipt" }),
    runBrokerKills({ tries: 100, settle: "puback" }),
  ]);
  deepStrictEqual(receipt.lost, []);
  notDeepStrictEqual(puback.lost, []);
  return [
    `settle: receipt: ${receipt.acknowledged} acknowledged presses, ${receipt.lost.length} lost, ${receipt.duplicates} came again and were recognised`,
    `control, settle: puback: ${puback.lost.length} of ${puback.acknowledged} acknowledged presses lost`,
  ];
}
