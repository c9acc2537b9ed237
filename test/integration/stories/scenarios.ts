import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { LiveStage } from "../../../simulator/scenarios/live/live-stage.ts";
import { playLive, stageFor } from "../../../simulator/scenarios/live/play-live.ts";
import { type Played, play } from "../../../simulator/scenarios/play.ts";
import { type ReadScenario, readScenario } from "../../../simulator/scenarios/read.ts";
import type { Seen } from "../../../simulator/scenarios/stage.ts";
import { stageIn, worldOf } from "../../../simulator/scenarios/virtual-stage.ts";

/** What came of one scenario on one stage. */
export interface Outcome {
  failure: Played["failure"];
  /** Expectations that held. */
  held: number;
  /** What did not hold once everything had settled. */
  violations: string[];
  /** How often each thing was seen, by its kind. */
  counts: Record<string, number>;
}

/** What goes on when all has settled, such as the light of the last ring, is over by then. */
const AFTERGLOW_MS = 15_000;

/**
 * The same file on both stages: a world on a virtual clock, and this machine. What was seen is what was seen once
 * everything had settled.
 */
export async function playOnBoth(file: string): Promise<{ virtual: Outcome; live: Outcome; broker: string }> {
  const read = readScenario(file);
  const virtual = virtualOutcome(read);
  return { virtual, ...(await liveOutcome(read, virtual.counts)) };
}

/** A file that is played on this machine alone. */
export async function playLiveOnly(file: string): Promise<{ live: Outcome; broker: string }> {
  return liveOutcome(readScenario(file), null);
}

function virtualOutcome({ scenario }: ReadScenario): Outcome {
  const world = worldOf(scenario);
  const playing = play(scenario, stageIn(world));
  for (;;) {
    const next = playing.next();
    if (!next.done) {
      if (!next.value.enough()) world.runUntil(next.value.untilMs, next.value.enough);
      continue;
    }
    const violations = world.settle().map(({ checker, detail }) => `${checker}: ${detail}`);
    return { ...next.value, violations, counts: countsOf(world.seen) };
  }
}

async function liveOutcome(
  { scenario }: ReadScenario,
  awaited: Outcome["counts"] | null,
): Promise<{ live: Outcome; broker: string }> {
  const folder = await mkdtemp(join(tmpdir(), "porchlight-both-"));
  const words: string[] = [];
  const stage = await LiveStage.prepare({
    ...stageFor(scenario),
    title: scenario.name,
    brokerUrl: undefined,
    folder,
    log: (line) => words.push(line),
  });
  try {
    await stage.start();
    const broker = stage.brokerName;
    const played = await playLive(scenario, stage);
    const violations = (await stage.settle()).map(({ checker, detail }) => `${checker}: ${detail}`);
    const isTheSame = () => awaited === null || isDeepStrictEqual(countsOf(stage.seen), awaited);
    await stage.pass({ untilMs: stage.nowMs() + AFTERGLOW_MS, enough: isTheSame });
    return { live: { ...played, violations, counts: countsOf(stage.seen) }, broker };
  } catch (error) {
    throw new Error(`${error}\n${words.join("\n")}`);
  } finally {
    await stage.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function countsOf(seen: readonly Seen[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const kind of seen.map(kindOf).sort()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}

function kindOf(seen: Seen): string {
  switch (seen.what) {
    case "ring":
    case "snapshot":
      return seen.what;
    case "light":
      return `light ${seen.pattern}`;
    case "status":
      return `status ${seen.state}`;
    case "clip":
      return `clip ${seen.state} ${seen.end}`;
    case "event": {
      const { state = "", gesture = "", end = "" } = seen.data;
      return `${seen.late ? "late" : "event"} ${seen.type} ${state}${gesture} ${end}`.trim();
    }
  }
}
