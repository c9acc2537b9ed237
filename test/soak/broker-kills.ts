import { deepStrictEqual, notDeepStrictEqual } from "node:assert/strict";
import { runBrokerKills } from "../integration/stories/broker-kills.ts";

/** `kill -9` of mosquitto right after it acknowledged a press, 100 times with receipts; and the control that must lose presses. */
export async function soakBrokerKills(): Promise<string[]> {
  const receipt = await runBrokerKills({ tries: 100, settle: "receipt" });
  deepStrictEqual(receipt.lost, []);
  const puback = await runBrokerKills({ tries: 100, settle: "puback" });
  notDeepStrictEqual(puback.lost, []);
  return [
    `settle: receipt: ${receipt.acknowledged} acknowledged presses, ${receipt.lost.length} lost, ${receipt.duplicates} came again and were recognised`,
    `control, settle: puback: ${puback.lost.length} of ${puback.acknowledged} acknowledged presses lost`,
  ];
}
