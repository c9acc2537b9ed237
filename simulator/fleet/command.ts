import { Bug } from "../../agent/contract/errors.ts";
import type { Settings } from "../../agent/contract/settings.ts";
import { usesTls } from "../../agent/mqtt/secrets.ts";
import { EmbeddedBroker } from "../network/embedded-broker.ts";
import { type FleetFlags, type FleetPlan, fleetPlan } from "./flags.ts";
import { checkOpenFiles } from "./machine.ts";
import { type FleetResult, resultLines } from "./result.ts";
import { type FleetProgress, FleetRun } from "./run.ts";
import { fleetConfiguration } from "./settings.ts";

/**
 * `porchlight-sim fleet`. Answers the exit code: 1 when anything did not connect, arrive or come back.
 * @param hears see `EarOptions`.
 * @throws PorchlightError in words for whoever must act.
 */
export async function fleet(
  flags: FleetFlags,
  print: (line: string) => void,
  hears: (topic: string) => boolean = () => true,
): Promise<number> {
  const plan = fleetPlan(flags);
  const { settings, ownBroker } = fleetConfiguration(flags, process.cwd());
  checkOpenFiles(plan.doorbells * filesOfEach(settings, ownBroker));
  const ending = new AbortController();
  const ignoreSignals = endOnSignals(ending);
  try {
    const result = await withBroker(settings, ownBroker, async (reachable) => {
      const run = new FleetRun({ plan, settings: reachable, ownBroker, signal: ending.signal, hears });
      const hide = showProgress(run, plan);
      try {
        return await run.run();
      } finally {
        hide();
      }
    });
    tell(result, plan, flags, print);
    return result.ok ? 0 : 1;
  } finally {
    ignoreSignals();
  }
}

function tell(result: FleetResult, plan: FleetPlan, flags: FleetFlags, print: (line: string) => void): void {
  if (flags.json) print(JSON.stringify(result));
  else for (const line of resultLines(result, plan)) print(line);
}

async function withBroker<T>(
  settings: Settings,
  ownBroker: boolean,
  work: (settings: Settings) => Promise<T>,
): Promise<T> {
  if (!ownBroker) return await work(settings);
  const broker = new EmbeddedBroker();
  await broker.start();
  try {
    return await work({ ...settings, broker: { ...settings.broker, urls: [broker.url] } });
  } finally {
    await broker.stop();
  }
}

/** A socket; the broker's side of it; what is read for a new connection. */
function filesOfEach({ broker }: Settings, ownBroker: boolean): number {
  const reads = broker.passwordFile !== "" || usesTls(broker.urls[0] ?? "");
  return 1 + (ownBroker ? 1 : 0) + (reads ? 1 : 0);
}

/** The first signal ends the run in order, the second the process. Answers how to leave signals alone again. */
function endOnSignals(ending: AbortController): () => void {
  const end = () => {
    if (ending.signal.aborted) process.exit(130);
    ending.abort();
  };
  const bug = (error: Error) => {
    process.stderr.write(`porchlight-sim: this is a bug: ${error.stack ?? error}\n`);
    process.exit(new Bug("").exitCode);
  };
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.on(signal, end);
  process.on("uncaughtException", bug);
  return () => {
    for (const signal of signals) process.off(signal, end);
    process.off("uncaughtException", bug);
  };
}

const SHOW_EVERY_MS = 250;

/** One line on a terminal, written anew. Answers how to remove it. */
function showProgress(run: FleetRun, plan: FleetPlan): () => void {
  const { stderr } = process;
  if (!stderr.isTTY) return () => undefined;
  const startedMs = performance.now();
  const timer = setInterval(() => {
    const line = progressLine(run.progress, plan, performance.now() - startedMs);
    stderr.write(`\r\x1b[K${line.slice(0, Math.max(0, stderr.columns - 1))}`);
  }, SHOW_EVERY_MS);
  return () => {
    clearInterval(timer);
    stderr.write("\r\x1b[K");
  };
}

function progressLine(
  { phase, up, pressed, arrived, away }: FleetProgress,
  plan: FleetPlan,
  ms: number,
): string {
  const storm = away > 0 ? ` · ${away} away in the storm` : "";
  return `${Math.floor(ms / 1e3)} s · ${phase} · ${up} of ${plan.doorbells} up · ${pressed} pressed · ${arrived} arrived${storm}`;
}
