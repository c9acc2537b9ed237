import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError, WorldError } from "../../../agent/contract/errors.ts";
import { QUANTITIES } from "../../sim/quantities.ts";
import { settingsOf } from "../door-settings.ts";
import { type Played, play } from "../play.ts";
import type { ReadScenario } from "../read.ts";
import { resultOf, type ScenarioResult, type Theatre } from "../result.ts";
import type { Scenario } from "../schema.ts";
import { refuseUnplayable } from "../virtual-stage.ts";
import { type LiveDoor, LiveStage, type LiveStageOptions } from "./live-stage.ts";

/** The command line of a live play. */
export interface LivePlayFlags {
  /** `mqtt://HOST:PORT`; a broker of our own without it. */
  broker: string | undefined;
  /** `test` or `file:PATH`, for doorbells that have a camera; each as its scenario has it without this. */
  camera: string | undefined;
}

/** Takes a line for a person while a scenario plays. */
export type Tell = (line: string) => void;

/**
 * Plays scenarios on this machine, in its own time. All of them are looked at before the first begins. SIGINT, SIGTERM
 * and SIGHUP end the one that plays, and everything of it. `header` says where it plays, `step` each step as it begins.
 */
export function liveTheatre(flags: LivePlayFlags, tell: { header: Tell; step: Tell }): Theatre {
  const prepare = (read: ReadScenario, folder: string) =>
    LiveStage.prepare({
      ...stageFor(read.scenario, flags.camera),
      title: read.file,
      brokerUrl: flags.broker,
      folder,
      log: (line) => tell.step(`         ${line}`),
    });
  const theatre = async (read: ReadScenario): Promise<ScenarioResult> => {
    const folder = mkdtempSync(join(tmpdir(), "porchlight-scenario-"));
    try {
      return await playOn(await prepare(read, folder), read, tell);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  };
  const refuse = async (reads: readonly ReadScenario[]) => {
    refuseCamera(flags.camera);
    for (const read of reads) refuseUnplayable(read, await prepare(read, ""));
  };
  return Object.assign(theatre, { refuse });
}

/** Plays a scenario on a stage that was started, in the machine's own time. @throws what ends it before its end. */
export async function playLive(
  scenario: Scenario,
  stage: LiveStage,
  begins?: (step: number) => void,
): Promise<Played> {
  const playing = play(scenario, stage, begins);
  for (;;) {
    const next = playing.next();
    if (next.done) return next.value;
    await stage.pass(next.value);
  }
}

/** What a live stage must be to play this scenario: its doorbells, and what its broker keeps. */
export function stageFor(
  { doorbells, broker, seed }: Scenario,
  camera?: string,
): Pick<LiveStageOptions, "doors" | "keeps" | "seed"> {
  const doors = doorbells.map(({ settings: own, link, clock }): LiveDoor => {
    const settings = settingsOf(own);
    if (camera !== undefined && settings.camera.source !== "none") settings.camera.source = camera;
    return {
      settings,
      link: { latencyMs: link.latency, jitterMs: link.jitter, bytesPerSecond: link.rate },
      clock: { synced: clock.synced, behindMs: clock.behind, syncAfterMs: clock.syncAfter },
    };
  });
  return { doors, keeps: { retained: broker.keepsRetained, sessions: broker.keepsSessions }, seed };
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

async function playOn(
  stage: LiveStage,
  read: ReadScenario,
  tell: { header: Tell; step: Tell },
): Promise<ScenarioResult> {
  const beganMs = performance.now();
  const lines = readFileSync(read.file, "utf8").split(/\r?\n/);
  const interrupt = (signal: NodeJS.Signals) =>
    stage.fail(new WorldError(`${read.file}: interrupted by ${signal}`));
  for (const signal of SIGNALS) process.on(signal, interrupt);
  try {
    await stage.start();
    tell.header(`live on ${stage.brokerName}: ${stage.deviceIds.join(", ")}`);
    const played = await playLive(read.scenario, stage, (step) => {
      const line = lines[(read.steps[step]?.line ?? 1) - 1]?.trim() ?? "";
      tell.step(`${QUANTITIES.duration.format(stage.nowMs()).padStart(8)} ${line}`);
    });
    const violations = played.failure === null ? await stage.settle() : [];
    return resultOf(read, played, {
      stage: "live",
      violations,
      storyMs: stage.nowMs(),
      wallMs: Math.round(performance.now() - beganMs),
      fingerprint: null,
    });
  } finally {
    await stage.close();
    for (const signal of SIGNALS) process.off(signal, interrupt);
  }
}

function refuseCamera(camera: string | undefined): void {
  if (camera === undefined || camera === "test" || /^file:./.test(camera)) return;
  throw new UsageError(`--camera: found ${camera}, allowed: test, or file: and a path`);
}
