import { parseArgs } from "node:util";
import { soakAnyBytes } from "./any-bytes.ts";
import { soakBrokerKills } from "./broker-kills.ts";
import { soakCluster } from "./cluster.ts";
import { soakHour } from "./hour.ts";
import { soakKills } from "./kills.ts";
import { soakOutage } from "./outage.ts";
import { soakScenarios } from "./scenarios.ts";
import { soakWorlds } from "./worlds.ts";

/** `npm run soak`: what takes longer than a test may. Exit 1 when anything does not hold. */
const { values } = parseArgs({
  options: {
    only: { type: "string" },
    from: { type: "string", default: "1" },
    seeds: { type: "string", default: "10000" },
    hours: { type: "string", default: "1" },
    minutes: { type: "string", default: "60" },
    inputs: { type: "string", default: "1000000" },
    rounds: { type: "string", default: "10" },
  },
});
const parts: Record<string, () => Promise<string[]>> = {
  worlds: () =>
    soakWorlds({ from: Number(values.from), seeds: Number(values.seeds), hours: Number(values.hours) }),
  outage: soakOutage,
  hour: () => soakHour(Number(values.minutes)),
  kills: () => soakKills(Number(values.from)),
  scenarios: soakScenarios,
  "broker-kills": soakBrokerKills,
  "any-bytes": () => soakAnyBytes(Number(values.inputs)),
  cluster: () => soakCluster(Number(values.rounds)),
};
const chosen = values.only === undefined ? Object.keys(parts) : [values.only];
for (const name of chosen) {
  const part = parts[name];
  if (!part) {
    console.error(`--only is one of ${Object.keys(parts).join(", ")}`);
    process.exit(2);
  }
  try {
    for (const line of await part()) console.log(`${name}: ${line}`);
  } catch (error) {
    console.error(`${name}: ${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
process.exit();
